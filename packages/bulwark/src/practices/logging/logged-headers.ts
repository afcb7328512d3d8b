import type { IncomingHttpHeaders } from 'node:http';
import { cleanText, loggedPath, REDACTED, redactText } from './clean-text.ts';
import { isSecretName, type SecretTest } from './secret-names.ts';

const ADDRESS: ReadonlySet<string> = new Set([
  'referer',
  'referrer',
  'x-original-url',
  'x-rewrite-url',
  'x-forwarded-uri',
]);
const MAX_VALUE = 256;

/** Headers carry keys under names that are harmless elsewhere: `X-Auth-Email`, `Ocp-Apim-Subscription-Key`. */
const SECRET_HEADER = /auth|session|(?<!idempotency-)\bkey$/i;

/**
 * Makes the reader of the headers that are logged: secret ones as `[redacted]`, addresses without their query string.
 *
 * @param names - as in the options, any case
 * @param isSecret - what the policy redacts by name
 */
export function headerReader(
  names: readonly string[],
  isSecret: SecretTest,
): ((headers: IncomingHttpHeaders) => Record<string, string>) | undefined {
  if (names.length === 0) return undefined;
  const wanted = [...new Set(names.map((name) => name.toLowerCase()))];
  const secret = new Set(wanted.filter((name) => isSecretHeader(name) || isSecret([name])));
  return (headers) => {
    const logged: Record<string, string> = {};
    for (const name of wanted) {
      const value = headers[name];
      if (value === undefined) continue;
      logged[name] = secret.has(name) ? REDACTED : plainValue(name, Array.isArray(value) ? value.join(', ') : value);
    }
    return logged;
  };
}

/** One header as it is logged. @param name - in lower case */
export function loggedHeader(name: string, value: string): string {
  return isSecretHeader(name) ? REDACTED : plainValue(name, value);
}

function isSecretHeader(name: string): boolean {
  return SECRET_HEADER.test(name) || isSecretName(name);
}

function plainValue(name: string, value: string): string {
  if (ADDRESS.has(name)) return redactText(loggedPath(value, MAX_VALUE));
  return cleanText(redactText(value.slice(0, MAX_VALUE)), MAX_VALUE);
}
