import { ConfigError } from './errors.ts';

/**
 * Reads an origin as a setting may name it, and returns it as the URL standard serialises it: lower case, punycode,
 * without the scheme's default port. Two origins are the same exactly if these strings are.
 *
 * It takes nothing that a browser would not send as `Origin`: a pattern, a path or a list would have to be matched,
 * and matching is where origin checks go wrong (CWE-942, CWE-346).
 *
 * @param value - what the developer wrote
 * @param field - the setting's name, for the error: `origins[0]`
 * @returns `scheme://host[:port]`
 * @throws ConfigError `ERR_CONFIG_ORIGIN`, whose fix is the origin to write instead where it can be told
 * @see https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
 * @example parseOrigin('https://Bücher.example:443', 'origins[0]') // 'https://xn--bcher-kva.example'
 */
export function parseOrigin(value: unknown, field: string): string {
  const refuse = (message: string, fix: string): ConfigError =>
    new ConfigError('ERR_CONFIG_ORIGIN', { field, message: `${show(value)} ${message}`, fix });

  if (value instanceof RegExp) {
    throw refuse('is a regular expression, and patterns match more than they seem to', EACH);
  }
  if (typeof value !== 'string') throw refuse('is not an origin', EXAMPLE);
  if (value === '') throw refuse('is empty', EXAMPLE);
  if (value === '*' || value.includes('*')) throw refuse('has a wildcard; an origin is compared whole', EACH);
  if (value.toLowerCase() === 'null') {
    throw refuse(
      'is what sandboxed frames and local files send: any page can have that origin',
      `${EXAMPLE}, or remove it`,
    );
  }
  if (value.includes(',')) throw refuse('is a list', EACH);
  // The URL parser drops tabs and line breaks and trims spaces, so it would repair what somebody should look at.
  if (/[\s\p{Cc}]/u.test(value)) throw refuse('holds white space or a control character', EXAMPLE);

  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1]?.toLowerCase();
  if (scheme === undefined) throw refuse('has no scheme', suggest(withScheme(value)));
  if (scheme !== 'https' && scheme !== 'http') {
    throw refuse(`has the scheme ${scheme}, and web pages come over https or http`, EXAMPLE);
  }
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined) throw refuse('is not a URL', EXAMPLE);
  const fix = suggest(url.origin);
  const authority = value.slice(scheme.length + 3).split(/[/\\?#]/, 1)[0] ?? '';
  if (authority.includes('@')) throw refuse('holds a user name', fix);
  if (authority.length !== value.length - scheme.length - 3) {
    throw refuse(value.endsWith('/') && url.pathname === '/' ? 'ends in a slash' : 'has a path or a query', fix);
  }
  if (authority.includes('%')) throw refuse('has an encoded host name', fix);
  if (authority.endsWith(':')) throw refuse('has a colon without a port', fix);
  if (url.port === '0') throw refuse('has the port 0', EXAMPLE);
  if (url.hostname.endsWith('.')) throw refuse('has a dot after the host name', suggest(withoutDot(url)));
  if (/^\.|\.\./.test(url.hostname)) throw refuse('has an empty label in its host name', EXAMPLE);
  return url.origin;
}

/**
 * The `host[:port]` of an origin that {@link parseOrigin} returned: lower case, punycode, without a default port.
 *
 * @example hostOf('https://shop.example:8443') // 'shop.example:8443'
 */
export function hostOf(origin: string): string {
  return origin.slice(origin.indexOf('//') + 2);
}

const EXAMPLE = "write scheme://host[:port], such as 'https://shop.example'";
const EACH = "list each origin in full, such as ['https://shop.example', 'https://admin.shop.example']";

function suggest(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const usable = url !== undefined && url.hostname !== '' && (url.protocol === 'https:' || url.protocol === 'http:');
  return usable ? `write '${url.origin}'` : EXAMPLE;
}

/** `localhost:3000` is a host and a port, `https:shop.example` a scheme and a host: only the latter is cut. */
function withScheme(value: string): string {
  const host = value.replace(/^(?:https?:)?[/\\]*/i, '');
  return `${/^(?:localhost|127\.|\[::1\])/i.test(host) ? 'http' : 'https'}://${host}`;
}

function withoutDot(url: URL): string {
  return `${url.protocol}//${url.host.replace(/\.+(?=$|:)/, '')}`;
}

function show(value: unknown): string {
  if (value instanceof RegExp || typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  const text = typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value));
  // A password in the setting would end up in a log.
  return text.replace(/\/\/[^/@]*@/, '//…@').slice(0, 120);
}

/**
 * Whether an origin that {@link parseOrigin} returned is this very machine: `localhost`, `*.localhost`, 127.0.0.0/8, `[::1]`.
 *
 * @example isLoopbackOrigin('http://localhost:3000') // true
 */
export function isLoopbackOrigin(origin: string): boolean {
  const { hostname } = new URL(origin);
  return /^(?:(?:[^.]+\.)*localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
