import { ConfigError } from '../../errors.ts';
import type { ResolvedSessionsOptions } from './options.ts';

/** The session's cookie, ready to be read and written. */
export interface SessionCookie {
  readonly name: string;
  /** Whether it may only be sent over TLS. */
  readonly secure: boolean;
  readonly sameSite: 'lax' | 'strict' | 'none';
  readonly partitioned: boolean;
  readonly persistent: boolean;
  /** The value in a `Cookie` header; undefined where there is none, `null` where there are several that differ. */
  read(header: string | undefined): string | null | undefined;
  /** The value of `Set-Cookie`. */
  write(value: string, maxAge: number | undefined): string;
  /** The value of `Set-Cookie` that ends it. */
  clear(): string;
}

const SAME_SITE = { lax: 'Lax', strict: 'Strict', none: 'None' } as const;

/**
 * Makes the cookie of the options.
 *
 * @param origins - where browsers see the app: on plain HTTP (development) a `Secure` cookie would not come back everywhere
 * @throws ConfigError for a combination that browsers refuse
 * @see ASVS 5.0 3.3.1 to 3.3.4, CWE-614, CWE-1004, CWE-1275
 */
export function sessionCookie(options: ResolvedSessionsOptions['cookie'], origins: readonly string[]): SessionCookie {
  const isPlain = origins.some((origin) => origin.startsWith('http:'));
  const { sameSite, partitioned, persistent } = options;
  const name = options.name ?? (isPlain ? 'session' : '__Host-session');
  if (isPlain) refusePlain(name, options);
  if (sameSite === 'none' && !partitioned && !options.insecureUnpartitioned) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: 'sessions.cookie.sameSite',
      message: "with 'none' every site that embeds the app acts in one and the same session of its user",
      fix: 'add partitioned: true; or insecureUnpartitioned: true, for browsers that know no partitioned cookies',
    });
  }
  const flags = [
    '; Path=/; HttpOnly',
    isPlain ? '' : '; Secure',
    `; SameSite=${SAME_SITE[sameSite]}`,
    partitioned ? '; Partitioned' : '',
  ].join('');

  function read(header: string | undefined): string | null | undefined {
    if (header === undefined) return undefined;
    let found: string | undefined;
    let at = header.indexOf(name);
    while (at >= 0) {
      const equals = skipWhite(header, at + name.length);
      if (header[equals] !== '=' || !isStart(header, at)) {
        at = header.indexOf(name, at + 1);
        continue;
      }
      const semicolon = header.indexOf(';', equals);
      const end = semicolon < 0 ? header.length : semicolon;
      const value = bare(header.slice(equals + 1, end));
      // Somebody else has set one as well (a sibling host, a script): which of them is the app's cannot be told.
      if (found !== undefined && found !== value) return null;
      found = value;
      at = header.indexOf(name, end);
    }
    return found;
  }

  return {
    name,
    secure: !isPlain,
    sameSite,
    partitioned,
    persistent,
    read,
    write: (value, maxAge) =>
      `${name}=${value}${flags}${maxAge === undefined ? '' : `; Max-Age=${Math.max(0, Math.floor(maxAge / 1000))}`}`,
    clear: () => `${name}=${flags}; Max-Age=0`,
  };
}

/** Whether a cookie begins here: at the start of the header or behind a semicolon, with nothing but white space between. */
function isStart(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && isWhite(header, before)) before--;
  return before < 0 || header[before] === ';';
}

function skipWhite(header: string, at: number): number {
  let next = at;
  while (isWhite(header, next)) next++;
  return next;
}

function isWhite(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t';
}

/**
 * Without the white space of HTTP, and no other. `trim()` takes away a byte like 0xA0 as well: a cookie whose name begins
 * with it is no `__Host-` cookie for a browser, any sibling host may set it, and it would be taken for one here.
 */
export function bare(text: string): string {
  let [start, end] = [0, text.length];
  // No regular expression: one that looks for white space at the end takes quadratic time for white space elsewhere.
  while (start < end && isWhite(text, start)) start++;
  while (end > start && isWhite(text, end - 1)) end--;
  return text.slice(start, end);
}

function refusePlain(name: string, { sameSite, partitioned }: ResolvedSessionsOptions['cookie']): void {
  const field = /^__(?:Host|Secure|Http)/i.test(name)
    ? 'name'
    : sameSite === 'none'
      ? 'sameSite'
      : partitioned
        ? 'partitioned'
        : undefined;
  if (field === undefined) return;
  throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
    field: `sessions.cookie.${field}`,
    message: 'browsers take such a cookie over TLS only, and the origin of this app is plain HTTP',
    fix: 'write an https:// origin, or leave it out in development',
  });
}
