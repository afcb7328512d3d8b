import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { ALONE, beforeHead, contextOf, type Middleware, type Next, type Services } from '../../context.ts';
import { type DecisionHandler, decide, decisionsFor } from '../../decisions.ts';
import { ConfigError, Refusal } from '../../errors.ts';
import { changesState, fetchSite, isPreflight } from '../../fetch-metadata.ts';
import { type Head, type HeaderLines, headerLines } from '../../head.ts';
import { resolveOptions } from '../../options.ts';
import { clientOf } from '../client/index.ts';
import { type CorsOptions, type CorsPolicy, readPolicy } from './options.ts';
import { readOriginSetting, routeSetting } from './origin-setting.ts';
import { appendVary, exposeHeaders, removeCorsHeaders } from './response-headers.ts';

export type { CorsOptions } from './options.ts';

/** What `cors.allow()` takes: origins, or any. */
export interface CorsAllowOptions {
  /** Foreign origins whose pages may read this route, in place of the policy's. The app's own stay allowed. */
  readonly origins?: readonly string[];
  /** The same under the cors package's name; one origin or a list. */
  readonly origin?: string | readonly string[];
  /** Whether they may send cookies. Default `false`, whatever the policy says. */
  readonly credentials?: boolean;
  /** Every page on the web may read this route, never with cookies: for data that is public anyway. */
  readonly dangerouslyAnyOrigin?: true;
}

/** The factory of the practice, and what a route can say. */
export interface Cors {
  /**
   * Lets the pages of listed origins read, and nobody else (RFC 6454, the Fetch standard; ASVS 3.4.2, CWE-942).
   *
   * @throws ConfigError for patterns, functions, `'*'`, `'null'`, and for any origin together with credentials
   * @example app.use(cors({ origins: ['https://app.example'], credentials: true }))
   */
  (options?: CorsOptions, services?: Services): Middleware;
  /**
   * Gives a route foreign origins of its own, in place of the policy's. The innermost one on the way counts.
   * It takes effect in an app with `secure()`, which knows a route before it runs.
   *
   * @throws ConfigError as the practice itself
   * @example app.get('/feed.json', cors.allow({ dangerouslyAnyOrigin: true }), handler)
   */
  allow(options: CorsAllowOptions): DecisionHandler;
}

/** What an origin is given: the value of `Access-Control-Allow-Origin`, and whether with cookies. */
interface Grant {
  readonly allowOrigin: string;
  readonly credentials: boolean;
  readonly own: boolean;
}

function createCors(options: CorsOptions = {}, services: Services = ALONE): Middleware {
  void services;
  const policy = readPolicy(options);
  const answered = new WeakSet<IncomingMessage>();

  function cors(req: IncomingMessage, res: ServerResponse, next: Next): void {
    beforeHead(req, res, response);
    const { origin } = req.headers;
    if (origin === undefined) return next();
    const grant = grantTo(req, origin, policy);
    if (!isPreflight(req)) return next(judgeRequest(req, origin, grant, policy));
    const refusal = judgePreflight(req, grant, policy);
    if (refusal !== undefined || policy.reportOnly) return next(refusal);
    answered.add(req);
    res.statusCode = policy.preflightStatus;
    if (policy.preflightStatus === 200) res.setHeader('Content-Length', '0');
    res.end();
  }

  function response(req: IncomingMessage, res: ServerResponse, head: Head): void {
    if (isExempt(req)) return;
    if (res.hasHeader('Vary')) appendVary(res, isPreflight(req) ? PREFLIGHT_VARY : VARY);
    else head.add(isPreflight(req) ? PREFLIGHT_VARY_LINE : VARY_LINE);
    // The policy is the truth: what a left-over cors() or a handler has set would open what the policy keeps closed.
    if (policy.reportOnly && res.hasHeader('Access-Control-Allow-Origin')) return;
    if (!policy.reportOnly) removeCorsHeaders(res);
    const grant = grantTo(req, req.headers.origin, policy);
    if (grant === undefined) return;
    head.set('Access-Control-Allow-Origin', grant.allowOrigin);
    if (grant.credentials) head.set('Access-Control-Allow-Credentials', 'true');
    if (!answered.has(req)) return exposeHeaders(res, policy.exposedHeaders);
    for (const [name, value] of policy.preflightHeaders) if (value !== '') head.set(name, value);
  }

  return Object.assign(cors, { response });
}

const VARY: readonly string[] = ['Origin'];
const PREFLIGHT_VARY: readonly string[] = ['Origin', 'Access-Control-Request-Method', 'Access-Control-Request-Headers'];
const VARY_LINE: HeaderLines = headerLines([['Vary', VARY.join(', ')]]);
const PREFLIGHT_VARY_LINE: HeaderLines = headerLines([['Vary', PREFLIGHT_VARY.join(', ')]]);

function isExempt(req: IncomingMessage): boolean {
  if (contextOf(req).decisions.length === 0) return false;
  return decisionsFor(req, 'cors').some(({ kind }) => kind === 'exemption');
}

/** Whole strings are compared, and nothing else: a prefix, a suffix or a pattern is where such checks go wrong. */
function grantTo(req: IncomingMessage, origin: string | undefined, policy: CorsPolicy): Grant | undefined {
  if (origin !== undefined && isOwn(req, origin, policy)) {
    return { allowOrigin: origin, credentials: policy.setting.credentials, own: true };
  }
  const { origins, anyOrigin, credentials } = routeSetting(req) ?? policy.setting;
  if (origin !== undefined && origins.has(origin)) return { allowOrigin: origin, credentials, own: false };
  return anyOrigin ? ANY : undefined;
}

const ANY: Grant = { allowOrigin: '*', credentials: false, own: false };

function isOwn(req: IncomingMessage, origin: string, policy: CorsPolicy): boolean {
  return policy.own === undefined ? origin === clientOf(req).origin : policy.own.has(origin);
}

function judgePreflight(req: IncomingMessage, grant: Grant | undefined, policy: CorsPolicy): Refusal | undefined {
  if (grant === undefined) return refuseOrigin(req.headers.origin === 'null');
  if (!policy.methods.has(req.headers['access-control-request-method'] ?? '')) {
    return refuseMethod('Access-Control-Request-Method asks for a method that');
  }
  const asked = (req.headers['access-control-request-headers'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  if (asked.every((name) => name === '' || policy.allowedHeaders.has(name))) return undefined;
  return new Refusal('ERR_CORS_HEADER', {
    reason: 'Access-Control-Request-Headers asks for a header that is not on the list of those allowed across origins',
  });
}

function judgeRequest(
  req: IncomingMessage,
  origin: string,
  grant: Grant | undefined,
  policy: CorsPolicy,
): Refusal | undefined {
  if (grant?.own) return undefined;
  // Passes a page of this very origin under a name that is not on the list (a proxy that nobody declared, or an
  // `Origin: null` that a Referrer-Policy made). Pages cannot set the header, and no CORS header is given.
  if (fetchSite(req) === 'same-origin') return undefined;
  const mode = req.headers['sec-fetch-mode'];
  // Passes links, forms and embeds of foreign pages: they are not CORS requests, their page reads nothing of the
  // answer, and sign-in by form_post depends on them. The csrf practice judges them.
  if (mode === 'navigate' || mode === 'no-cors') return undefined;
  const method = req.method ?? 'GET';
  if (grant !== undefined) {
    if (method === 'OPTIONS' || policy.methods.has(method)) return undefined;
    return refuseMethod('its method, with the Origin header naming another origin,');
  }
  if (changesState(method)) return policy.leavesStateChanges ? undefined : refuseOrigin(origin === 'null');
  // Passes reads from nowhere by browsers without Fetch Metadata: they send `null` on the GET that follows a redirected
  // form. It is no more than a request without Origin, and without CORS headers no page reads the answer.
  if (origin === 'null' && mode === undefined) return undefined;
  return refuseOrigin(origin === 'null');
}

function refuseOrigin(isNull: boolean): Refusal {
  return new Refusal('ERR_CORS_ORIGIN', {
    reason: isNull
      ? 'the Origin header is "null", as sandboxed frames send it, and that is on no list'
      : 'the Origin header names an origin that is not on the list of this resource',
  });
}

function refuseMethod(subject: string): Refusal {
  return new Refusal('ERR_CORS_METHOD', { reason: `${subject} is not on the list of those allowed across origins` });
}

const allowSchema: z.ZodType = z.strictObject({
  origins: z.unknown().optional(),
  origin: z.unknown().optional(),
  credentials: z.boolean().optional(),
  dangerouslyAnyOrigin: z.literal(true).optional(),
});

function allow(options: CorsAllowOptions): DecisionHandler {
  const field = 'cors.allow()';
  const value = readOriginSetting(resolveOptions(allowSchema, NOTHING, options, field), field);
  if (value.origins.size === 0 && !value.anyOrigin) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: `${field}.origins`,
      message: 'no origin is named',
      fix: "name the origins: cors.allow({ origins: ['https://partner.example'] })",
    });
  }
  const who = value.anyOrigin ? 'any origin' : [...value.origins].join(', ');
  return decide({ practice: 'cors', kind: 'setting', summary: value.credentials ? `${who} with cookies` : who, value });
}

const NOTHING: CorsAllowOptions = {};

/**
 * The foreign origins that options list: the csrf practice trusts them with state changes.
 *
 * @throws ConfigError as the practice itself
 * @example listedOrigins({ origins: ['https://app.example'] }) // ['https://app.example']
 */
export function listedOrigins(options: CorsOptions): string[] {
  return [...readPolicy(options).setting.origins];
}

/** Which foreign pages may read what; see {@link Cors}. */
export const cors: Cors = Object.assign(createCors, { allow });
