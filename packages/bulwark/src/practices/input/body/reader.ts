import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import bodyParser from 'body-parser';
import type { Handler, Next } from '../../../context.ts';
import { Refusal } from '../../../errors.ts';
import {
  objectionToForm,
  objectionToShape,
  objectionToSize,
  type ShapeLimits,
  type ShapeObjection,
} from './body-keys.ts';
import type { ResolvedForm, ResolvedJson } from './body-options.ts';
import { FORM_TYPE } from './body-options.ts';
import { measureJson } from './json-measure.ts';
import { parseJsonText } from './json-text.ts';
import { NOT_UTF8 } from './parser-errors.ts';

/** A request, and what body parsers put on it. */
export type WithBody = IncomingMessage & { body?: unknown; _body?: boolean };

/** How bodies of one kind are read. */
export interface Reader {
  /** In bytes, after decompression. */
  readonly limit: number;
  /** The media types that it takes; undefined: any, and none. */
  readonly types: ReadonlySet<string> | undefined;
  /** Whether it is text, and must be UTF-8. */
  readonly isText: boolean;
  /** What `req.body` is where there is no body. */
  readonly empty: () => unknown;
  /** Reads the body into `req.body`; absent where it is left to others, and only counted. */
  readonly read?: Handler;
  /** Looks through a body that a parser in front has read. */
  readonly objection?: (body: unknown) => ShapeObjection | undefined;
  /** What is wrong with a request that has no body at all, where one is needed. */
  readonly withoutBody?: () => Refusal | undefined;
  /** True where `read` keeps to the limit itself, and answers for each failure. */
  readonly ownLimits?: true;
}

/** Which type goes to which parser is decided by one reading of the header. */
const type = (): boolean => true;
const emptyObject = (): unknown => ({});

/** A reader of JSON. */
export function jsonReader(options: ResolvedJson, inflate: boolean): Reader {
  const { limit, types, duplicates } = options;
  const shape: ShapeLimits = { depth: options.depth, keys: options.keys, exact: options.numbers === 'exact' };
  const read = readBytes(limit, inflate, (raw, req) => {
    if (!isUtf8(raw)) return NOT_UTF8_BODY;
    const measure = measureJson(raw);
    const tooMuch = objectionToSize(measure, shape);
    if (tooMuch !== undefined) return tooMuch;
    const body = parseJson(raw);
    if (body === undefined) return NOT_WHAT_IT_SAYS;
    req.body = body;
    return objectionToShape(body, shape, duplicates === 'refuse' ? measure.members : undefined);
  });
  const objection = (body: unknown): ShapeObjection | undefined => objectionToShape(body, shape);
  return { limit, types: new Set(types), isText: true, empty: emptyObject, read, objection };
}

/** A reader of forms: flat, a list for a repeated name at most. */
export function formReader({ limit, parameterLimit }: ResolvedForm, inflate: boolean): Reader {
  const objections = new WeakMap<IncomingMessage, ShapeObjection>();
  const verify = (req: IncomingMessage, _res: unknown, raw: Buffer): void => {
    // Bytes that are not UTF-8 would become U+FFFD, and different names and passwords the same.
    if (!isUtf8(raw)) throw Object.assign(new Error('not UTF-8'), { type: NOT_UTF8 });
    const objection = objectionToForm(raw.toString('latin1'));
    if (objection !== undefined) objections.set(req, objection);
  };
  const parse = bodyParser.urlencoded({ extended: false, limit, parameterLimit, inflate, type, verify }) as Handler;
  const shape: ShapeLimits = { depth: 2, keys: parameterLimit };
  const objection = (body: unknown): ShapeObjection | undefined => objectionToShape(body, shape);
  const read: Handler = (req, res, next) =>
    parse(req, res, (error) => {
      if (error !== undefined) return next(error);
      next(refusalFor(objections.get(req) ?? objection((req as WithBody).body)));
    });
  return { limit, types: new Set([FORM_TYPE]), isText: true, empty: emptyObject, read, objection };
}

/** A reader of text, into a string. */
export function textReader(limit: number, types: readonly string[], inflate: boolean): Reader {
  const read = readBytes(limit, inflate, (raw, req) => {
    if (!isUtf8(raw)) return NOT_UTF8_BODY;
    req.body = raw.toString('utf8');
    return undefined;
  });
  return { limit, types: new Set(types), isText: true, empty: () => '', read };
}

/** A reader that keeps the bytes, for signatures. */
export function rawReader(limit: number, types: readonly string[] | undefined, inflate: boolean): Reader {
  const read = readBytes(limit, inflate, (raw, req) => {
    req.body = raw;
    return undefined;
  });
  const accepted = types === undefined ? undefined : new Set(types);
  return { limit, types: accepted, isText: false, empty: () => Buffer.alloc(0), read };
}

/** A reader that leaves the body to others. */
export function streamReader(limit: number, empty: () => unknown): Reader {
  return { limit, types: undefined, isText: false, empty };
}

const NOT_UTF8_BODY: ShapeObjection = { code: 'ERR_BODY_MALFORMED', reason: 'the body is not valid UTF-8' };
const NOT_WHAT_IT_SAYS: ShapeObjection = {
  code: 'ERR_BODY_MALFORMED',
  reason: 'the body is not what its Content-Type says',
};

/** Collects a body and hands it on; the parser's own errors go through. */
function readBytes(
  limit: number,
  inflate: boolean,
  convert: (raw: Buffer, req: WithBody) => ShapeObjection | undefined,
): Handler {
  const collect = bodyParser.raw({ limit, inflate, type }) as Handler;
  return (req: WithBody, res, next: Next) =>
    collect(req, res, (error) => {
      if (error !== undefined) return next(error);
      const { body } = req;
      // Should the body be refused and the gate only report, the handler finds none rather than one of another kind.
      req.body = {};
      next(refusalFor(convert(body as Buffer, req)));
    });
}

/** Objects and lists only, as in body-parser's strict mode; no body at all is an empty object there. */
function parseJson(raw: Buffer): unknown {
  if (raw.length === 0) return {};
  // RFC 8259 8.1 lets a reader ignore a byte order mark; .NET clients send one.
  const from = raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf ? 3 : 0;
  try {
    const value: unknown = parseJsonText(raw.toString('utf8', from));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function refusalFor(objection: ShapeObjection | undefined): Refusal | undefined {
  return objection === undefined ? undefined : new Refusal(objection.code, objection);
}
