import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse } from 'node:querystring';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import { contextOf, type Next } from '../../../context.ts';
import { type DecisionHandler, decide } from '../../../decisions.ts';
import { Refusal } from '../../../errors.ts';
import { resolveOptions } from '../../../options.ts';
import { checkPart, type Outcome } from './check-part.ts';
import type { Fields } from './issues.ts';
import { guardResponse } from './response.ts';
import { NEVER_REFUSED, PARTS, type Part, readSchemas, type UnknownFields, type ValidateSchemas } from './schemas.ts';
import { isThenable } from './unknown-fields.ts';

export type { ValidateSchemas } from './schemas.ts';

/** Options of {@link validate}. */
export interface ValidateOptions {
  /**
   * What happens to fields of body and query that the schema does not declare: `'refuse'` answers 400, `'strip'` leaves
   * them out. Default: `'refuse'`.
   */
  readonly unknown?: UnknownFields;
}

/** A value that cannot be changed, all the way down. */
export type Frozen<T> = T extends Untouched ? T : T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

type Untouched =
  | Date
  | RegExp
  | URL
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ArrayBufferView
  | Blob
  | ((...args: never[]) => unknown);

/** What handlers get: the output of each schema. */
export type Validated<S extends ValidateSchemas> = {
  readonly [P in Part as S[P] extends StandardSchemaV1 ? P : never]: S[P] extends StandardSchemaV1
    ? Frozen<StandardSchemaV1.InferOutput<S[P]>>
    : never;
};

/** The middleware that {@link validate} makes. */
export type ValidateHandler<S extends ValidateSchemas> = DecisionHandler & {
  /**
   * What this very `validate()` has made of the request, with the types of its schemas.
   *
   * @throws Error where it has not run for this request, or in monitor mode has only reported
   * @example const { title } = note.of(req).body
   */
  of(req: IncomingMessage): Validated<S>;
};

/** `req.valid`: what every `validate()` on the way has made of the request. */
export interface ValidInput {
  readonly body?: unknown;
  readonly query?: unknown;
  readonly params?: unknown;
  readonly headers?: unknown;
}

declare global {
  // biome-ignore lint/style/noNamespace: Express's own way to declare what a request carries
  namespace Express {
    interface Request {
      /** The validated input, deep-frozen; undefined where no `validate()` has run. */
      readonly valid?: ValidInput;
    }
  }
}

const optionsSchema: z.ZodType = z.strictObject({ unknown: z.enum(['refuse', 'strip']).optional() });
const DEFAULTS: Required<ValidateOptions> = { unknown: 'refuse' };

/**
 * Validates what a route reads, and fails closed: a request that does not fit is answered 400 `ERR_VALIDATION` with the
 * fields and never with their values, and the handler does not run. Handlers read `req.valid` (or the typed
 * `checked.of(req)`): only what a schema declares, deep-frozen. `req.body` and `req.query` stay as they were.
 *
 * It stands in a route or on a router, and is carried out there, since only there the parameters are known. Several on the
 * way add up. ASVS 2.2.1, 2.2.2, 15.3.3; CWE-20, CWE-915.
 *
 * @param schemas - Standard Schemas (zod, valibot, ArkType and others) by part; `response` is for the JSON that is sent
 * @throws ConfigError for what is no Standard Schema, unknown keys, or nothing to validate
 * @see https://standardschema.dev
 * @example
 * const note = validate({ body: z.object({ title: z.string().max(120), text: z.string().transform(html()) }) })
 * app.post('/notes', note, (req, res) => { res.json(create(note.of(req).body)) })
 */
export function validate<const S extends ValidateSchemas>(
  schemas: S,
  options: ValidateOptions = {},
): ValidateHandler<S> {
  const { unknown } = resolveOptions(optionsSchema, DEFAULTS, options, 'validate()');
  const { parts, response } = readSchemas(schemas, unknown);
  const names = PARTS.filter((part) => parts.has(part));
  const own = new WeakMap<IncomingMessage, Validated<S>>();
  const guarded = new WeakSet<ServerResponse>();

  function enforce(req: IncomingMessage, res: ServerResponse, next: Next): void {
    const fields: Fields = new Map();
    const valid: Partial<Record<Part, unknown>> = {};

    const step = (index: number): void | Promise<void> => {
      for (let i = index; i < names.length; i++) {
        const part = names[i] as Part;
        const schema = parts.get(part);
        if (schema === undefined) continue;
        const refuses = unknown === 'refuse' && !NEVER_REFUSED.has(part);
        const outcome = checkPart(part, schema, inputOf(req, part), refuses, fields);
        if (isThenable(outcome)) {
          return Promise.resolve(outcome).then((later) => {
            take(part, later);
            return step(i + 1);
          });
        }
        take(part, outcome);
      }
    };
    const take = (part: Part, outcome: Outcome): void => {
      if (outcome !== undefined) valid[part] = outcome.value;
    };
    const finish = (): void => {
      if (fields.size > 0) return next(refusalOf(fields));
      const result = Object.freeze(valid) as Validated<S>;
      own.set(req, result);
      publish(req, result);
      // A route that is passed over leaves its guard behind; a second one would put answers through the schema twice.
      if (response === undefined || guarded.has(res)) return next();
      guarded.add(res);
      guardResponse(req, res, next, response);
    };

    // What it found on another route says nothing about this one.
    own.delete(req);
    withdraw(req, names);
    // A schema that throws has met something that its author did not think of, or says no by a Refusal: html() and text()
    // within a schema do. Either way the handler does not run.
    try {
      const later = step(0);
      if (later === undefined) return finish();
      later.then(finish).catch(next);
    } catch (error) {
      next(error);
    }
  }

  const summary = `validates ${[...names, ...(response === undefined ? [] : ['response'])].join(', ')}`;
  const decision = decide({ practice: 'input', kind: 'requirement', summary, enforce, repeats: true });
  return Object.assign(decision, {
    of(req: IncomingMessage): Validated<S> {
      const result = own.get(req);
      if (result !== undefined) return result;
      throw new Error('validate() has not run for this request, or has only reported: put it before the handler');
    },
  });
}

function refusalOf(fields: Fields): Refusal {
  const reason = fields.size === 1 ? 'a field does not fit' : `${fields.size} fields do not fit`;
  return new Refusal('ERR_VALIDATION', { reason, extensions: { fields: Object.fromEntries(fields) } });
}

type Carrier = IncomingMessage & { body?: unknown; query?: unknown; params?: unknown };

function inputOf(req: Carrier, part: Part): unknown {
  if (part === 'headers') return { ...req.headers };
  if (part === 'params') return req.params ?? {};
  if (part === 'body') return req.body;
  // Express's own reading, by the app's setting `query parser`, if there is one.
  return req.query ?? parse(queryOf(contextOf(req).url), '&', '=', { maxKeys: 0 });
}

function queryOf(url: string): string {
  const at = url.indexOf('?');
  return at === -1 ? '' : (url.slice(at + 1).split('#', 1)[0] ?? '');
}

const VALID = new WeakMap<IncomingMessage, ValidInput>();

const PROPERTY: PropertyDescriptor = {
  enumerable: true,
  // Not configurable and without a setter: nothing on the way can put something else in its place.
  configurable: false,
  get(this: IncomingMessage): ValidInput | undefined {
    return VALID.get(this);
  },
};

function withdraw(req: IncomingMessage, names: readonly Part[]): void {
  const before = VALID.get(req);
  if (before === undefined) return;
  const rest = Object.entries(before).filter(([name]) => !names.some((part) => part === name));
  VALID.set(req, Object.freeze(Object.fromEntries(rest)));
}

/** Adds parts to `req.valid`; what an earlier `validate()` found stays. */
function publish(req: IncomingMessage, parts: ValidInput): void {
  const before = VALID.get(req);
  if (before === undefined) Object.defineProperty(req, 'valid', PROPERTY);
  VALID.set(req, Object.freeze({ ...before, ...parts }));
}
