import type { IncomingMessage, ServerResponse } from 'node:http';
import { ALONE, gateOf, type Middleware, type Next, type Services } from '../../context.ts';
import type { DecisionHandler } from '../../decisions.ts';
import type {
  JsonOptions,
  RawOptions,
  StreamOptions,
  TextBodyOptions,
  UrlencodedOptions,
} from './body/body-options.ts';
import { makeContract } from './body/contract.ts';
import { declareMultipart } from './body/multipart/multipart.ts';
import type { MultipartOptions } from './body/multipart/multipart-options.ts';
import { declareForm, declareJson, declareRaw, declareStream, declareText, routeBodyOf } from './body/route-body.ts';
import { takeBody } from './body/take-body.ts';
import { type InputOptions, resolveInput } from './options.ts';
import { methodRule } from './url/method-gate.ts';
import { urlRule } from './url/url-gate.ts';

export type {
  JsonOptions,
  RawOptions,
  StreamOptions,
  TextBodyOptions,
  UrlencodedOptions,
} from './body/body-options.ts';
export type { FileRule, FileType, MultipartOptions } from './body/multipart/multipart-options.ts';
export { filesOf, type UploadedFile, type UploadedFiles } from './body/multipart/uploaded-file.ts';
export type { EjsOptions, TemplateEngine } from './markup/ejs-engine.ts';
export { type HtmlOptions, type HtmlPreset, html, type TextTransform } from './markup/html.ts';
export { json } from './markup/json-in-script.ts';
export { markup } from './markup/markup-tag.ts';
export { dangerouslyRaw, type RawUse, rawUses, type SafeHtml } from './markup/safe-html.ts';
export { sanitized } from './markup/sanitized.ts';
export { templates } from './markup/templates.ts';
export { type TextOptions, text } from './markup/text.ts';
export { url } from './markup/url-in-attribute.ts';
export type { InputOptions } from './options.ts';
export { type Redirect, type RedirectOptions, redirect } from './redirect/redirect.ts';
export { methodGate } from './url/method-gate.ts';
export { urlGate } from './url/url-gate.ts';
export type { QueryOptions, UrlOptions } from './url/url-options.ts';
export {
  type Frozen,
  type Validated,
  type ValidateHandler,
  type ValidateOptions,
  type ValidateSchemas,
  type ValidInput,
  validate,
} from './validate/validate.ts';

/** The factory of the practice, and what a route can say of its body. */
export interface Input {
  /**
   * One contract for what comes in: methods, addresses, and bodies, which it reads into `req.body` once.
   *
   * JSON and forms are read everywhere; bodies of other types stay unread, within a limit, and `req.body` is then `{}` on
   * Express 4 and 5 alike. Malformed, oversized, compressed, ambiguous and prototype-reaching input is refused with errors
   * that hold nothing of it. ASVS 1.5.3, 4.1.4, 13.4.4, 15.3.6, 15.3.7; CWE-20, CWE-400, CWE-436, CWE-1321.
   *
   * @param options - see {@link InputOptions}
   * @throws ConfigError for options that it cannot have, such as a limit that is no size
   * @example
   * app.use(input({ json: { limit: '1mb' } }))
   * app.post('/cart', (req, res) => { res.json(req.body) })
   */
  (options?: InputOptions, services?: Services): Middleware;
  /**
   * This route takes JSON and nothing else (415), within limits of its own. What is left out is the policy's.
   *
   * The gate reads it before the body is touched, as it does all of these; without a gate, put it in front of `input()`.
   *
   * @throws ConfigError for options that it cannot have
   * @example app.post('/import', input.json({ limit: '5mb', depth: 8 }), handler)
   */
  json(options?: JsonOptions): DecisionHandler;
  /**
   * This route takes forms (`application/x-www-form-urlencoded`) and nothing else (415).
   *
   * @throws ConfigError for options that it cannot have
   * @example app.post('/survey', input.form({ parameterLimit: 5000, limit: '1mb' }), handler)
   */
  form(options?: UrlencodedOptions): DecisionHandler;
  /**
   * This route takes text in UTF-8, and `req.body` is a string.
   *
   * @throws ConfigError for options that it cannot have
   * @example app.post('/import.csv', input.text({ types: ['text/csv'], limit: '2mb' }), handler)
   */
  text(options?: TextBodyOptions): DecisionHandler;
  /**
   * This route keeps the bytes as they came: `req.body` is a Buffer, for signatures over the raw body. Any type is taken
   * unless `types` says which.
   *
   * @throws ConfigError for options that it cannot have
   * @example app.post('/webhook', exempt('csrf', { reason: 'signed by the sender' }), input.raw(), verifyAndHandle)
   */
  raw(options?: RawOptions): DecisionHandler;
  /**
   * This route leaves the body to something else: a proxy, another parser, a handler of a library. `req.body` stays
   * undefined; the bytes are counted, up to 1 gb unless `limit` says otherwise.
   *
   * @throws ConfigError for options that it cannot have
   * @example app.all('/api/auth/*any', input.stream({ limit: '1mb' }), toNodeHandler(auth))
   */
  stream(options?: StreamOptions): DecisionHandler;
  /**
   * This route takes a multipart form and nothing else (415): fields as strings in `req.body`, files in `req.files`, typed
   * by `filesOf(req)`. Files are taken in declared fields only, of declared types, told by their content. ASVS 5.2.1, 5.2.2,
   * 5.3.2; CWE-22, CWE-434.
   *
   * @throws ConfigError for a type that cannot be told by content, a size that is none, a folder that does not exist
   * @example
   * const avatar = { types: ['image/png', 'image/jpeg'], limit: '2mb', required: true } as const
   * app.post('/profile', input.multipart({ files: { avatar } }), (req, res) => {
   *   const [file] = filesOf(req).avatar ?? []
   *   res.json({ name: file?.name, size: file?.size })
   * })
   */
  multipart(options?: MultipartOptions): DecisionHandler;
}

function createInput(options: InputOptions = {}, services: Services = ALONE): Middleware {
  const resolved = resolveInput(options);
  const refuseMethod = methodRule(resolved.methods);
  const refuseUrl = urlRule(resolved);
  const contract = makeContract(resolved, services);
  const isOfGate = services !== ALONE;

  return function input(req: IncomingMessage, res: ServerResponse, next: Next): void {
    // The gate that made it has had method and address judged first of all.
    const isJudged = isOfGate && gateOf(req) !== undefined;
    const refusal = isJudged ? undefined : (refuseMethod(req) ?? refuseUrl(req));
    if (refusal === undefined) takeBody(req, res, contract, routeBodyOf(req), next);
    else next(refusal);
  };
}

/** What comes in, and what a route says of its body; see {@link Input}. */
export const input: Input = Object.assign(createInput, {
  json: declareJson,
  form: declareForm,
  text: declareText,
  raw: declareRaw,
  stream: declareStream,
  multipart: declareMultipart,
});
