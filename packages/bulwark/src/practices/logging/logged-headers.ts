import type { IncomingHttpHeaders } from 'node:http';
import { cleanText, loggedPath, REDACTED, redactText } from './clean-text.ts';

const SECRET =
  /auth|cookie|token|secret|passw|session|credential|signature|api-?key|csrf|xsrf|jwt|assertion|client-cert/i;
const ADDRESS: ReadonlySet<string> = new Set([
  'referer',
  'referrer',
  'x-original-url',
  'x-rewrite-url',
  'x-forwarded-uri',
]);
const MAX_VALUE = 256;

/** Whether a member of this name must not be logged with its value: `authorization`, `x-api-key`, `resetToken`. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name);
}

/**
 * Makes the reader of the headers that are logged: secret ones as `[redacted]`, addresses without their query string.
 *
 * @param names - as in the options, any case
 */
export function headerReader(
  names: readonly string[],
): ((headers: IncomingHttpHeaders) => Record<string, string>) | undefined {
  if (names.length === 0) return undefined;
  const wanted = [...new Set(names.map((name) => name.toLowerCase()))];
  return (headers) => {
    const logged: Record<string, string> = {};
    for (const name of wanted) {
      const value = headers[name];
      if (value !== undefined) logged[name] = loggedValue(name, Array.isArray(value) ? value.join(', ') : value);
    }
    return logged;
  };
}

function loggedValue(name: string, value: string): string {
  if (isSecretName(name)) return REDACTED;
  if (ADDRESS.has(name)) return loggedPath(value, MAX_VALUE);
  return cleanText(redactText(value.slice(0, MAX_VALUE)), MAX_VALUE);
}
