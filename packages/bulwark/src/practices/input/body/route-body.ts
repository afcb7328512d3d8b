import type { IncomingMessage } from 'node:http';
import { type DecisionHandler, decide, decisionsFor } from '../../../decisions.ts';
import { resolveOptions } from '../../../options.ts';
import type { ByteSize } from '../../../units.ts';
import {
  FORM_DEFAULTS,
  formSchema,
  JSON_DEFAULTS,
  type JsonOptions,
  jsonSchema,
  type RawOptions,
  rawSchema,
  readSizes,
  type StreamOptions,
  streamSchema,
  TEXT_DEFAULTS,
  type TextBodyOptions,
  textSchema,
  type UrlencodedOptions,
} from './body-options.ts';
import { RouteBody } from './contract.ts';
import { formReader, jsonReader, type Reader, rawReader, streamReader, textReader } from './reader.ts';
import { contractFor, takeBody } from './take-body.ts';

const KB = 1024;
const RAW_LIMIT = 100 * KB;
const STREAM_LIMIT = KB ** 3;

/**
 * A route's own JSON reader; what it leaves out is the policy's.
 *
 * @throws ConfigError for options that it cannot have
 * @example declareJson({ limit: '5mb' })
 */
export function declareJson(options: JsonOptions = {}): DecisionHandler {
  const own = read(jsonSchema, options, 'input.json()');
  return declare('input.json()', `JSON${upTo(options)}`, ({ json, inflate }) =>
    jsonReader({ ...(json || JSON_DEFAULTS), ...own }, inflate),
  );
}

/**
 * A route's own reader of forms; what it leaves out is the policy's.
 *
 * @throws ConfigError for options that it cannot have
 * @example declareForm({ parameterLimit: 5000 })
 */
export function declareForm(options: UrlencodedOptions = {}): DecisionHandler {
  const own = read(formSchema, options, 'input.form()');
  return declare('input.form()', `a form${upTo(options)}`, ({ urlencoded, inflate }) =>
    formReader({ ...(urlencoded || FORM_DEFAULTS), ...own }, inflate),
  );
}

/**
 * A route's own reader of text; what it leaves out is the policy's.
 *
 * @throws ConfigError for options that it cannot have
 * @example declareText({ types: ['text/csv'] })
 */
export function declareText(options: TextBodyOptions = {}): DecisionHandler {
  const own = read(textSchema, options, 'input.text()');
  return declare('input.text()', `text${upTo(options)}`, ({ text, inflate }) => {
    const { limit, types } = { ...(text || TEXT_DEFAULTS), ...own };
    return textReader(limit, types, inflate);
  });
}

/**
 * A route that keeps the bytes.
 *
 * @throws ConfigError for options that it cannot have
 * @example declareRaw({ limit: '1mb' })
 */
export function declareRaw(options: RawOptions = {}): DecisionHandler {
  const { limit = RAW_LIMIT, types } = read(rawSchema, options, 'input.raw()');
  return declare('input.raw()', `raw bytes${upTo(options)}`, ({ inflate }) => rawReader(limit, types, inflate));
}

/**
 * A route that leaves its body to something else.
 *
 * @throws ConfigError for options that it cannot have
 * @example declareStream({ limit: '50mb' })
 */
export function declareStream(options: StreamOptions = {}): DecisionHandler {
  const { limit = STREAM_LIMIT } = read(streamSchema, options, 'input.stream()');
  // Foreign handlers read the stream where req.body is undefined, and take anything else for the parsed body.
  const reader = streamReader(limit, () => undefined);
  return declare('input.stream()', `a stream${upTo(options)}`, () => reader);
}

/**
 * Makes the decision of a route about its body: read by the gate beforehand, carried out in its place elsewhere.
 *
 * @param make - makes the reader under a policy, once for each
 * @example declare('input.raw()', 'raw bytes', ({ inflate }) => rawReader(limit, undefined, inflate))
 */
export function declare(
  name: string,
  summary: string,
  make: (policy: Parameters<RouteBody['readerFor']>[0]) => Reader,
): DecisionHandler {
  const body = new RouteBody(name, make);
  return decide({
    practice: 'input',
    kind: 'setting',
    summary,
    value: body,
    enforce: function readDeclaredBody(req, res, next) {
      // Of several on the way to a route the last one counts, as the gate sees it: it stands nearest to the handler.
      if (routeBodyOf(req) !== body) return next();
      takeBody(req, res, contractFor(req), body, next);
    },
  });
}

/** What the route of a request says of its body, as far as it is known. */
export function routeBodyOf(req: IncomingMessage): RouteBody | undefined {
  const decisions = decisionsFor(req, 'input');
  for (let i = decisions.length - 1; i >= 0; i--) {
    const value = decisions[i]?.value;
    if (value instanceof RouteBody) return value;
  }
  return undefined;
}

/** Checks the options of a route where it is made; only what is given is kept. */
function read<T extends { limit?: ByteSize; types?: readonly string[] }>(
  schema: Parameters<typeof resolveOptions>[0],
  options: T,
  field: string,
): Omit<T, 'limit'> & { limit?: number } {
  const given = resolveOptions<T>(schema, {} as T, options, field);
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
  return readSizes(present, field);
}

function upTo({ limit }: { limit?: ByteSize }): string {
  if (limit === undefined) return '';
  return ` up to ${typeof limit === 'number' ? `${limit} bytes` : limit}`;
}
