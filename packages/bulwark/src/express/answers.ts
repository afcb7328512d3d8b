import type { IncomingMessage, ServerResponse } from 'node:http';
import { gateOf } from '../context.ts';
import type { ExpressApp } from './internals.ts';

type Answer = (this: Response, ...args: unknown[]) => unknown;

interface Response extends ServerResponse {
  readonly app: ExpressApp & { readonly settings: Readonly<Record<string, unknown>> };
  send: Answer;
}

/** Headers with which a handler says something of the answer that Express goes by. */
const TELLING: ReadonlySet<string> = new Set(['cache-control', 'content-type', 'etag', 'transfer-encoding']);

/** Above it, text is sent as Express does it: turned into bytes first. */
const LARGE = 16_384;

/**
 * Gives `res.send()` and `res.json()` a short way for the usual answer: text that no cache may keep.
 *
 * Express hashes each body for an ETag, and takes the Content-Type that it has just set apart and puts it together again:
 * half of what it costs to answer with a small JSON. An ETag lets a cache ask whether what it keeps is still good; under
 * `no-store`, the gate's default, there is nothing to ask (RFC 9111 5.2.2.5). What may be kept, and whatever a request or a
 * handler asks for itself, goes Express's own way.
 *
 * @example installAnswers(app)
 */
export function installAnswers(app: ExpressApp): void {
  const base = Object.getPrototypeOf(app.response) as { json: Answer; send: Answer };
  const { json: ownJson, send: ownSend } = base;
  // Monitoring tools put themselves in the place of Express's functions; then all answers are to pass them.
  if (!String(ownJson).includes("'json replacer'") || !String(ownSend).includes("'etag fn'")) return;
  const isOwn = (): boolean => base.json === ownJson && base.send === ownSend;

  function json(this: Response, ...args: unknown[]): unknown {
    // What has put itself in front of `res.send` is to see this answer too.
    if (args.length !== 1 || this.send !== send || !isOwn() || !isPlain(this)) return base.json.apply(this, args);
    const { settings } = this.app;
    if (settings['json replacer'] || settings['json spaces'] || settings['json escape'])
      return base.json.apply(this, args);
    const text = JSON.stringify(args[0]) as string | undefined;
    if (text === undefined || text.length > LARGE) return base.json.apply(this, args);
    return sendText(this, text, 'application/json; charset=utf-8');
  }

  function send(this: Response, ...args: unknown[]): unknown {
    const [body] = args;
    if (typeof body !== 'string' || args.length !== 1 || body.length > LARGE || !isOwn() || !isPlain(this)) {
      return base.send.apply(this, args);
    }
    return sendText(this, body, 'text/html; charset=utf-8');
  }

  for (const value of [json, send]) {
    Object.defineProperty(app.response, value.name, { configurable: true, writable: true, value });
  }
}

/** Whether nothing about an answer is special, so that it needs no ETag and its type can be written out. */
function isPlain(res: Response): boolean {
  const req: IncomingMessage = res.req;
  const { statusCode } = res;
  if (statusCode < 200 || statusCode === 204 || statusCode === 205 || statusCode === 304 || req.method === 'HEAD') {
    return false;
  }
  const { headers } = req;
  if (headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined) return false;
  // An app that has chosen its ETags gets them; `weak` is what Express begins with.
  const { etag } = res.app.settings;
  if (etag !== 'weak' && etag !== false) return false;
  for (const name of res.getHeaderNames()) if (TELLING.has(name)) return false;
  return gateOf(req)?.mayBeStored(req) === false;
}

function sendText(res: Response, text: string, type: string): Response {
  const length = Buffer.byteLength(text);
  res.setHeader('Content-Type', type);
  res.setHeader('Content-Length', length);
  // Of text that is ASCII both are the same bytes, and node writes these faster.
  res.end(text, length === text.length ? 'latin1' : 'utf8');
  return res;
}
