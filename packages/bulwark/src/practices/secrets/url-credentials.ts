/** What is read of an address before anything connects to it. */
export interface UrlCredentials {
  /** In small letters, without the colon. */
  readonly scheme: string;
  /** Decoded; undefined where there is none. */
  readonly password: string | undefined;
}

// Several hosts between commas, as MongoDB has them, are no URL to the URL parser. A host may be missing (a socket).
const ADDRESS = /^([a-z][a-z\d+.-]*):\/\/([^/?#]*)/i;
const HOSTS = /^(?:(?:[^\s,:@[\]]*|\[[\da-f:.%]+\])(?::\d{1,5})?(?:,|$))*$/i;

/**
 * Reads scheme and password of an address; undefined where it is none, or where its password holds a character that ends
 * the host (it would go to another host, or be read as a path).
 *
 * @example credentialsOf('postgres://app:s3cret@db/shop') // { scheme: 'postgres', password: 's3cret' }
 */
export function credentialsOf(text: string): UrlCredentials | undefined {
  const [, scheme, authority] = ADDRESS.exec(text) ?? [];
  if (scheme === undefined || authority === undefined || /[\s\p{Cc}]/u.test(text)) return undefined;
  const at = authority.lastIndexOf('@');
  if (!HOSTS.test(authority.slice(at + 1))) return undefined;
  const user = at === -1 ? '' : authority.slice(0, at);
  const colon = user.indexOf(':');
  const password = colon === -1 ? undefined : decode(user.slice(colon + 1));
  return { scheme: scheme.toLowerCase(), password: password === '' ? undefined : password };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
