import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf } from '../../context.ts';
import { cleanText, loggedPath, REDACTED, redactText } from './clean-text.ts';
import { loggedHeader } from './logged-headers.ts';
import { makeLogger } from './logger.ts';
import { DEFAULTS, type Logger } from './options.ts';

const MAX_LINE = 4096;
// From the question mark to the blank that ends the address, but for the quotation mark that morgan puts behind it.
const QUERY = /\?\S*?(?="?(?:\s|$))/g;
// `combined`, `common` and `short` begin with the address and the name of Basic authentication, which may be a key.
const USER_BEFORE_DATE = /^(\S+ - )(?!- \[).+?(?= \[)/;
const USER_BEFORE_METHOD = /^([\da-f.:]+ )(?!- ).+?(?= [A-Z]+ \S+ HTTP\/)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const COLOUR = /\u001b\[[\d;]*m/g;

/**
 * A stream for `morgan(format, { stream })`: its lines, cleaned and redacted, become records of a logger.
 *
 * Query strings, tokens in paths, the name of Basic authentication and what looks like a secret are taken out; colours and
 * control characters too. A line is all that a stream sees: what a format adds by `:req[…]` it cannot tell from
 * other text. For that there is {@link safeMorgan}.
 *
 * @param logger - where they go: `gate.log`, a pino, a {@link winstonLogger}; default: JSON lines on standard output
 * @example app.use(morgan('combined', { stream: morganStream(gate.log) }))
 */
export function morganStream(logger: Logger = makeLogger(DEFAULTS)): { write(line: string): void } {
  return {
    write(line) {
      const text = String(line).slice(0, MAX_LINE).replace(COLOUR, '').trimEnd();
      const anonymous = text.replace(USER_BEFORE_DATE, `$1${REDACTED}`).replace(USER_BEFORE_METHOD, `$1${REDACTED}`);
      const bare = redactText(anonymous.replace(QUERY, `?${REDACTED}`));
      logger.info({ logger: 'morgan' }, cleanText(bare, MAX_LINE));
    },
  };
}

/** What is needed of morgan. */
export interface MorganLike {
  token(
    name: string,
    read: (req: IncomingMessage, res: ServerResponse, argument?: string) => string | undefined,
  ): unknown;
}

/**
 * Replaces the tokens of morgan that show secrets: `:url` and `:referrer` lose their query string, `:req[…]` and
 * `:res[…]` show secret headers as `[redacted]`, `:remote-user` too; `:remote-addr` is the client that Bulwark found.
 * For all formats of the process.
 *
 * @returns the same morgan
 * @example app.use(safeMorgan(morgan)(':method :url :req[authorization]', { stream: morganStream(gate.log) }))
 */
export function safeMorgan<M extends MorganLike>(morgan: M): M {
  morgan.token('url', (req) => loggedPath((req as { originalUrl?: string }).originalUrl ?? req.url ?? ''));
  morgan.token('referrer', (req) => shown('referer', req.headers.referer ?? req.headers.referrer));
  morgan.token('remote-user', (req) => (req.headers.authorization === undefined ? undefined : REDACTED));
  morgan.token('remote-addr', (req) => contextOf(req).client?.ip ?? req.socket?.remoteAddress);
  morgan.token('user-agent', (req) => shown('user-agent', req.headers['user-agent']));
  morgan.token('req', (req, _res, name = '') => shown(name, req.headers[name.toLowerCase()]));
  morgan.token('res', (_req, res, name = '') => (res.headersSent ? shown(name, res.getHeader(name)) : undefined));
  return morgan;
}

function shown(name: string, value: number | string | readonly string[] | undefined): string | undefined {
  if (value === undefined) return undefined;
  return loggedHeader(name.toLowerCase(), typeof value === 'object' ? value.join(', ') : String(value));
}
