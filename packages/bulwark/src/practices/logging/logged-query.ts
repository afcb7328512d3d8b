import { cleanText, loggedPath, REDACTED, redactText } from './clean-text.ts';
import type { ResolvedLoggingOptions } from './options.ts';
import { isSecretName, type SecretTest } from './secret-names.ts';

const MAX_PARAMETERS = 20;
const MAX_QUERY = 2048;
const MAX_NAME = 64;
const MAX_VALUE = 100;

/**
 * What OAuth, SAML and signed links call their secrets, in queries alone: `code` is a harmless name in a record of an
 * error, and the whole of a login in an address.
 */
const SECRET_PARAMETER =
  /^(?:code|state|ticket|key|sig|hash|hmac|nonce|saml(?:request|response|art)|relaystate|login_hint|email|phone|x-amz-.+)$/i;

/** Makes the reader of a query string, as the options ask for it; undefined where nothing of it is logged. */
export function queryReader(
  query: ResolvedLoggingOptions['query'],
  isSecret: SecretTest,
): ((target: string) => readonly string[]) | undefined {
  if (query === false) return undefined;
  return (target) => {
    const at = target.indexOf('?');
    if (at === -1) return [];
    const pairs = target.slice(at + 1, at + 1 + MAX_QUERY).split('&', MAX_PARAMETERS);
    return pairs
      .filter((pair) => pair !== '')
      .map((pair) => (query === 'names' ? nameOf(pair) : shown(pair, isSecret)));
  };
}

function nameOf(pair: string): string {
  // Like a path: what looks like a token is one (`?9f86d081…`).
  return loggedPath(pair.split('=', 1)[0] ?? '', MAX_NAME);
}

function shown(pair: string, isSecret: SecretTest): string {
  const name = nameOf(pair);
  const at = pair.indexOf('=');
  if (at === -1) return name;
  const raw = decoded(pair.slice(0, at));
  const value = decoded(pair.slice(at + 1));
  const parts = raw.split(/[[\].]+/).filter((part) => part !== '');
  const hides = parts.some(
    (part, i) => isSecretName(part) || SECRET_PARAMETER.test(part) || isSecret(parts.slice(0, i + 1)),
  );
  if (hides || value.length > MAX_VALUE) return `${name}=${REDACTED}`;
  // An address in a parameter may hold another token.
  const plain = /[?#]|:\/\//.test(value) ? loggedPath(value, MAX_VALUE) : value;
  return `${name}=${cleanText(redactText(plain), MAX_VALUE)}`;
}

/** As `URLSearchParams` reads it; what cannot be decoded stays as it came. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
