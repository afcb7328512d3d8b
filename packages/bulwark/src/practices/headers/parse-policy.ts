/** The directives of a policy, in lower case. */
export type Facts = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the first policy of a header as a browser does: of two directives with one name, the first holds.
 *
 * @see https://www.w3.org/TR/CSP3/#parse-serialized-policy
 */
export function parsePolicy(text: string): Facts {
  const policy = new Map<string, readonly string[]>();
  for (const part of (text.split(',', 1)[0] ?? '').split(';')) {
    const [name = '', ...values] = part.trim().split(/\s+/);
    const key = name.toLowerCase();
    if (key !== '' && !policy.has(key))
      policy.set(
        key,
        values.map((value) => value.toLowerCase()),
      );
  }
  return policy;
}
