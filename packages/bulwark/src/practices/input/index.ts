import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import bodyParser from 'body-parser';
import { ALONE, type Handler, type Middleware, type Next, type Services } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import { objectionToForm, objectionToShape, type ShapeLimits, type ShapeObjection } from './body-keys.ts';
import { readBodyType } from './content-type.ts';
import { methodRule } from './method-gate.ts';
import { FORM_TYPE, type InputOptions, type ResolvedInputOptions, resolveInput } from './options.ts';
import { NOT_UTF8, refusalOf, tooLarge } from './parser-errors.ts';
import { refuseUrl } from './url-gate.ts';

export { type HtmlOptions, type HtmlPreset, html, type TextTransform } from './markup/html.ts';
export { type TextOptions, text } from './markup/text.ts';
export { methodGate } from './method-gate.ts';
export type { InputOptions, JsonOptions, UrlencodedOptions } from './options.ts';
export { type Redirect, type RedirectOptions, redirect } from './redirect/redirect.ts';
export { urlGate } from './url-gate.ts';
export {
  type Frozen,
  type Validated,
  type ValidateHandler,
  type ValidateOptions,
  type ValidateSchemas,
  type ValidInput,
  validate,
} from './validate/validate.ts';

/** How bodies of one kind are read. */
interface Reader {
  readonly limit: number;
  readonly shape: ShapeLimits;
  readonly read: Handler;
}

type WithBody = IncomingMessage & { body?: unknown; _body?: boolean };

/**
 * One contract for what comes in: methods, the path, and JSON and form bodies, which it reads into `req.body`.
 *
 * Bodies of other types stay unread, and `req.body` is then `{}` on Express 4 and 5 alike. Malformed, oversized,
 * compressed and prototype-reaching bodies are refused with errors that hold nothing of the body.
 * ASVS 1.5.3, 4.1.4, 13.4.4, 15.3.6; CWE-20, CWE-400, CWE-436, CWE-1321.
 *
 * @param options - see {@link InputOptions}
 * @throws ConfigError for options that it cannot have, such as a limit that is no size
 * @example
 * app.use(input({ json: { limit: '1mb' } }))
 * app.post('/cart', (req, res) => { res.json(req.body) })
 */
export function input(options: InputOptions = {}, _services: Services = ALONE): Middleware {
  const resolved = resolveInput(options);
  const refuseMethod = methodRule(resolved.methods);
  const readers = readersOf(resolved);

  return function input(req: IncomingMessage, res: ServerResponse, next: Next): void {
    const refusal = refuseMethod(req) ?? refuseUrl(req);
    if (refusal === undefined) readBody(req, res, next);
    else next(refusal);
  };

  function readBody(req: WithBody, res: ServerResponse, next: Next): void {
    // Handlers written for Express 4 read req.body.x whatever was sent; on Express 5 that would be a TypeError and a 500.
    req.body ??= {};
    if (!hasBody(req)) return next();
    const said = readBodyType(req);
    if (typeof said === 'string') return next(new Refusal('ERR_BODY_TYPE', { reason: said }));
    const reader = said.type === undefined ? undefined : readers.get(said.type);
    if (reader === undefined) return next();
    if (said.charset !== undefined && said.charset !== 'utf-8') {
      return next(new Refusal('ERR_BODY_TYPE', { reason: 'the charset must be utf-8' }));
    }
    readWith(reader, req, res, (error) => {
      // Express 4's own parsers go by this mark, Express 5's by the state of the stream.
      if (error === undefined || req.readableEnded) req._body = true;
      if (error !== undefined) return next(error);
      const objection = objectionToShape(req.body, reader.shape);
      next(objection === undefined ? undefined : new Refusal(objection.code, objection));
    });
  }
}

/** Reads one body, and answers for it once; a body over the limit is refused at once, not when it has ended. */
function readWith({ limit, read }: Reader, req: IncomingMessage, res: ServerResponse, done: Next): void {
  let settled = false;
  let received = 0;
  const settle = (error?: unknown): void => {
    if (settled) return;
    settled = true;
    req.off('data', count);
    if (error instanceof Refusal && error.code === 'ERR_BODY_TOO_LARGE') {
      // Whatever the error handler makes of the refusal's headers, the rest of this body is not waited for.
      res.shouldKeepAlive = false;
    }
    done(error);
  };
  const count = (chunk: Buffer): void => {
    received += chunk.length;
    if (received > limit) settle(tooLarge());
  };

  const announced = req.headers['content-length'];
  if (announced !== undefined && Number(announced) > limit) return settle(tooLarge());
  // The parser notices too, but reads on to the end of the request before it says so, and a sender need never end.
  if (announced === undefined) req.on('data', count);
  read(req, res, (error) => {
    if (error === undefined) return settle();
    settle(error instanceof Refusal ? error : refusalOf(error));
  });
}

function readersOf({ json, urlencoded, inflate }: ResolvedInputOptions): ReadonlyMap<string, Reader> {
  const readers = new Map<string, Reader>();
  // Which type goes to which parser was decided here, by one reading of the header.
  const type = (): boolean => true;
  if (json) {
    const parse = bodyParser.json({ strict: true, limit: json.limit, inflate, type, verify: requireUtf8 }) as Handler;
    for (const name of json.types) readers.set(name, { limit: json.limit, shape: json, read: parse });
  }
  if (urlencoded) {
    const { limit, parameterLimit } = urlencoded;
    const read = formReader(limit, parameterLimit, inflate, type);
    // A form is read flat, a list for a repeated name at most.
    readers.set(FORM_TYPE, { limit, shape: { depth: 2, keys: parameterLimit }, read });
  }
  return readers;
}

function formReader(limit: number, parameterLimit: number, inflate: boolean, type: () => boolean): Handler {
  const objections = new WeakMap<IncomingMessage, ShapeObjection>();
  const verify = (req: IncomingMessage, _res: ServerResponse, raw: Buffer): void => {
    requireUtf8(req, _res, raw);
    const objection = objectionToForm(raw.toString('latin1'));
    if (objection !== undefined) objections.set(req, objection);
  };
  const parse = bodyParser.urlencoded({ extended: false, limit, parameterLimit, inflate, type, verify }) as Handler;
  return (req, res, next) =>
    parse(req, res, (error) => {
      const objection = objections.get(req);
      next(error ?? (objection === undefined ? undefined : new Refusal(objection.code, objection)));
    });
}

/** Bytes that are not UTF-8 would become U+FFFD, and different keys and passwords the same. RFC 8259 8.1. */
function requireUtf8(_req: IncomingMessage, _res: ServerResponse, raw: Buffer): void {
  if (!isUtf8(raw)) throw Object.assign(new Error('not UTF-8'), { type: NOT_UTF8 });
}

function hasBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
