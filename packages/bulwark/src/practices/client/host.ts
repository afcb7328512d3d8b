import { ConfigError } from '../../errors.ts';
import { hostOf, parseOrigin } from '../../origins.ts';

/** A host as it is compared. */
export interface Host {
  /** Lower case, punycode, without the protocol's default port or a dot at the end: `shop.example:8443`, `[::1]:3000`. */
  readonly host: string;
  /** The same without the port. */
  readonly hostname: string;
}

type Protocol = 'http' | 'https';

const LABEL = '(?!-)[a-z0-9_-]{1,63}(?<!-)';
const NAME = new RegExp(`^(${LABEL}(?:\\.${LABEL})*)\\.?(?::([1-9]\\d{0,4}))?$`, 'i');
const LITERAL = /^(\[[0-9a-f:.]+\])(?::([1-9]\d{0,4}))?$/i;
const DEFAULT_PORTS: Readonly<Record<Protocol, string>> = { http: '80', https: '443' };

/**
 * Reads a `Host` header, or the authority of an absolute-form target.
 *
 * @returns undefined for anything but one host with at most one port: user names, lists, white space, bytes outside
 *   ASCII (a browser sends punycode), percent signs, a port of 0 or over 65535
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 * @example parseHost('SHOP.example.:443', 'https') // { host: 'shop.example', hostname: 'shop.example' }
 */
export function parseHost(raw: string, protocol: Protocol): Host | undefined {
  if (raw.length > 300) return undefined;
  const match = NAME.exec(raw) ?? LITERAL.exec(raw);
  const hostname = match?.[1] === undefined ? undefined : canonicalName(match[1]);
  if (hostname === undefined) return undefined;
  const port = match?.[2];
  if (port === undefined || port === DEFAULT_PORTS[protocol]) return { host: hostname, hostname };
  return Number(port) > 65_535 ? undefined : { host: `${hostname}:${port}`, hostname };
}

function canonicalName(name: string): string | undefined {
  if (!name.startsWith('[')) return name.length > 253 ? undefined : name.toLowerCase();
  return URL.canParse(`http://${name}`) ? new URL(`http://${name}`).hostname : undefined;
}

/** The hosts that are served. */
export interface HostList {
  /** The host if it is served; `invalid` or `unknown` if not. */
  find(raw: string, protocol: Protocol): Host | 'invalid' | 'unknown';
}

const SPELLINGS_LIMIT = 256;
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Compiles the list of hosts.
 *
 * @param origins - origins whose hosts are served
 * @param hosts - further ones, as the user wrote them
 * @throws ConfigError `ERR_CONFIG_ORIGIN` or `ERR_CONFIG_VALUE`
 */
export function compileHosts(origins: string | readonly string[] | undefined, hosts: readonly unknown[]): HostList {
  const list: readonly unknown[] | undefined = origins === undefined || Array.isArray(origins) ? origins : [origins];
  const allowed = new Set<string>();
  for (const [i, origin] of (list ?? []).entries()) allowed.add(hostOf(parseOrigin(origin, `origins[${i}]`)));
  for (const [i, host] of hosts.entries()) allowed.add(readHostSetting(host, `client.hosts[${i}]`));
  const isOpen = list === undefined && hosts.length === 0;

  // A browser sends one and the same spelling, so nearly every request is one look-up of the raw header. Only hosts that
  // are served get in, and they have few spellings; a sender who tries them all empties it, no more.
  const known: Record<Protocol, Map<string, Host>> = { http: new Map(), https: new Map() };
  return {
    find(raw, protocol) {
      const hit = known[protocol].get(raw);
      if (hit !== undefined) return hit;
      const host = parseHost(raw, protocol);
      if (host === undefined) return 'invalid';
      if (!isOpen && !allowed.has(host.host)) return 'unknown';
      if (known[protocol].size >= SPELLINGS_LIMIT) known[protocol].clear();
      known[protocol].set(raw, host);
      return host;
    },
  };
}

/** Whether a host names this machine: what a developer's browser says. */
export function isLoopbackHost(host: Host): boolean {
  return LOOPBACK_NAMES.has(host.hostname);
}

function readHostSetting(value: unknown, field: string): string {
  const refuse = (message: string, fix: string): ConfigError =>
    new ConfigError('ERR_CONFIG_VALUE', {
      field,
      message: `${JSON.stringify(value) ?? String(value)} ${message}`,
      fix,
    });
  const example = "write name[:port], such as 'api.internal:3000'";

  if (typeof value !== 'string') throw refuse('is not a host', example);
  if (value.includes('*')) throw refuse('has a wildcard; a host is compared whole', 'list each host');
  if (value.includes('//')) {
    const host = URL.canParse(value) ? new URL(value).host : '';
    throw refuse('is an origin or a URL', host === '' ? example : `write '${host}', or put the origin into origins`);
  }
  const ascii = /[/?#@\\%\s\p{Cc}]/u.test(value) ? undefined : toAscii(value);
  const parsed = ascii === undefined ? undefined : parseHost(ascii, 'https');
  if (parsed === undefined) throw refuse('is not a host', example);
  // Both default ports are left out of what is compared, each under its own protocol.
  return parsed.host.replace(/:80$/, '');
}

function toAscii(value: string): string | undefined {
  const port = /:\d+$/.exec(value)?.[0] ?? '';
  const name = port === '' ? value : value.slice(0, -port.length);
  return URL.canParse(`http://${name}`) ? `${new URL(`http://${name}`).hostname}${port}` : undefined;
}
