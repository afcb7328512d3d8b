import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  ALONE,
  beforeHead,
  contextOf,
  type Middleware,
  type Next,
  type ResponseHook,
  type Services,
} from '../../context.ts';
import { type Decision, decisionsFor } from '../../decisions.ts';
import type { Head } from '../../head.ts';
import { clientOf } from '../client/index.ts';
import { type Block, compileBlock, removedHeaders } from './block.ts';
import { completeCacheControl, completeContentType } from './body-headers.ts';
import { guardCookies } from './cookies.ts';
import { setCsp } from './csp-header.ts';
import type { HeadersOptions } from './headers-options.ts';
import { mergeLayer, readOptions } from './layers.ts';
import type { ResolvedHeadersOptions } from './options.ts';
import { layerOf, profile } from './profiles.ts';

export { clearSiteData, type SiteData } from './clear-site-data.ts';
export { collectReports, type Report, type ReportCollector, type ReportOptions } from './collect-reports.ts';
export { type CspOptions, csp } from './csp.ts';
export type { CspDirectives, DirectiveName, DirectiveValue } from './csp-directives.ts';
export type {
  EmbedderPolicy,
  HeaderPolicies,
  HeadersOptions,
  OpenerPolicy,
  ReferrerPolicy,
  ResourcePolicy,
} from './headers-options.ts';
export { nonceOf } from './nonce.ts';
export { REPORTS_PATH } from './options.ts';
export type { Allowlist, FeatureName, PermissionsPolicyOptions } from './permissions-policy.ts';
export type { ProfileName, ProfileOptions } from './profiles.ts';

/** The middleware of `headers`. */
export interface HeadersMiddleware extends Middleware {
  readonly response: ResponseHook;
  /** Whether a cache may keep an answer that says nothing of it itself. */
  readonly mayBeStored: (req: IncomingMessage) => boolean;
  /** Escape hatches in use, for the coverage: `dangerouslyAllow: style-src 'unsafe-inline'`. */
  readonly hatches: readonly string[];
}

/** The factory, with the route-level helper `profile`. */
export interface HeadersFactory {
  (options?: HeadersOptions, services?: Services): HeadersMiddleware;
  readonly profile: typeof profile;
}

/**
 * Security headers on every response: of a handler, a file, a stream, a redirect, a 404, an error, whoever writes it.
 *
 * They are set once, just before the head is written, so nothing that ran before can lose or weaken them: not an
 * error handler that removes headers, not a left-over helmet. What the app may decide for a response is
 * Cache-Control; everything else is decided here, and by route with {@link profile}.
 *
 * @param options - helmet's names; see {@link HeadersOptions}. An app that needs no other says nothing
 * @throws ConfigError at construction, naming the field and the fix
 * @see https://owasp.org/www-project-secure-headers/ ASVS 3.2.1, 3.4.1 to 3.4.8, 4.1.1, 13.4.6, 14.3.2
 * @example
 * import { headers } from 'bulwark/headers'
 * app.use(headers({ contentSecurityPolicy: { directives: { imgSrc: ["'self'", 'https://img.example'] } } }))
 */
export const headers: HeadersFactory = Object.assign(createHeaders, { profile });

function createHeaders(options: HeadersOptions = {}, _services: Services = ALONE): HeadersMiddleware {
  const resolved = readOptions(options);
  const never = removedHeaders(resolved);
  const base = compileBlock(resolved, never, 'headers');
  const readable = new Set(resolved.readableCookies);
  const blockOf = blockFinder(resolved, base, never);

  const response: ResponseHook = (req, res, head) => {
    const block = blockFor(req);
    removeHeaders(res, block?.removed ?? never);
    const tls = clientOf(req).protocol === 'https';
    if (!resolved.reportOnly && res.hasHeader('set-cookie')) guardCookies(res, { tls, readable });
    if (block !== undefined) applyBlock(block, req, res, tls, head);
  };

  /** Undefined where the route is exempt. */
  function blockFor(req: IncomingMessage): Block | undefined {
    if (contextOf(req).decisions.length === 0) return base;
    const decisions = decisionsFor(req, 'headers');
    return decisions.some((decision) => decision.kind === 'exemption') ? undefined : blockOf(decisions);
  }

  const mayBeStored = (req: IncomingMessage): boolean => blockFor(req)?.storesNothing !== true;

  const middleware = function headersPractice(req: IncomingMessage, res: ServerResponse, next: Next): void {
    beforeHead(req, res, response);
    next();
  };
  return Object.assign(middleware, { response, mayBeStored, hatches: hatchesOf(resolved) });
}

function removeHeaders(res: ServerResponse, names: ReadonlySet<string>): void {
  for (const name of res.getHeaderNames()) if (names.has(name)) res.removeHeader(name);
}

function applyBlock(block: Block, req: IncomingMessage, res: ServerResponse, tls: boolean, head: Head): void {
  const { nonce } = contextOf(req);
  head.add(block.fixed);
  const kind = completeContentType(res);
  if (block.csp !== undefined) setCsp(head, block.csp, tls, kind === 'data', nonce);
  if (block.hsts !== undefined && tls) head.add(block.hsts);
  completeCacheControl(res, head, block.cacheControl, nonce !== undefined);
}

interface Branch {
  readonly options: ResolvedHeadersOptions;
  readonly block: Block;
  readonly next: WeakMap<Decision, Branch>;
}

/** Finds the block for the profiles in a request's way; each combination is computed when it first occurs. */
function blockFinder(
  options: ResolvedHeadersOptions,
  block: Block,
  never: ReadonlySet<string>,
): (decisions: readonly Decision[]) => Block {
  const root: Branch = { options, block, next: new WeakMap() };
  return (decisions) => {
    let branch = root;
    for (const decision of decisions) {
      let next = branch.next.get(decision);
      if (next === undefined) {
        const merged = mergeLayer(branch.options, layerOf(decision.value));
        next = { options: merged, block: compileBlock(merged, never, 'headers'), next: new WeakMap() };
        branch.next.set(decision, next);
      }
      branch = next;
    }
    return branch.block;
  };
}

function hatchesOf({ contentSecurityPolicy: csp }: ResolvedHeadersOptions): readonly string[] {
  return csp === false ? [] : csp.dangerouslyAllow.map((hatch) => `dangerouslyAllow: ${hatch}`);
}
