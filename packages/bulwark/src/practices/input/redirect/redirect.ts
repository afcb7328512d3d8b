import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import {
  ALONE,
  beforeHead,
  contextOf,
  type Middleware,
  type Next,
  type ResponseHook,
  type Services,
} from '../../../context.ts';
import { type DecisionHandler, decide, decisionsFor } from '../../../decisions.ts';
import { ConfigError, Refusal } from '../../../errors.ts';
import { installRedirects, isRedirect } from '../../../express/redirects.ts';
import { resolveOptions } from '../../../options.ts';
import { parseOrigin } from '../../../origins.ts';
import { staysOn } from './target.ts';

/** Options of {@link redirect}. */
export interface RedirectOptions {
  /** Where browsers see this app: exact origins. Relative targets are those of the first. */
  readonly origins: string | readonly string[];
  /** Other origins that redirects may lead to, exactly: an identity provider, a payment page. Default: none. */
  readonly external?: readonly string[];
}

/** The factory, and the decision that a route can take. */
export interface Redirect {
  /**
   * Refuses redirects that leave the site: for use without `secure()`, which does this by itself.
   *
   * What is refused goes to the error handler as a {@link Refusal} (400 `ERR_REDIRECT_EXTERNAL`).
   *
   * @throws ConfigError for what is no origin
   * @example app.use(redirect({ origins: ['https://shop.example'], external: ['https://idp.example'] }))
   */
  (options: RedirectOptions, services?: Services): Middleware;
  /**
   * Redirects of this route may lead to these origins too.
   *
   * @throws ConfigError for what is no origin
   * @example app.get('/login', redirect.external('https://idp.example'), (req, res) => res.redirect(authorizeUrl()))
   */
  external(...origins: [string, ...string[]]): DecisionHandler;
}

/** What judges the redirects of one policy. */
export interface RedirectGuard {
  /** The refusal of a redirect, or nothing where it may go on. */
  readonly judge: (req: IncomingMessage, target: string) => Refusal | undefined;
  /** Notes that a foreign redirect goes on in monitor mode, so that the response hook does not report it again. */
  readonly letPass: (res: ServerResponse) => void;
  readonly response: ResponseHook;
}

const optionsSchema: z.ZodType = z.strictObject({
  origins: z.union([z.string(), z.array(z.string()).min(1, 'must name at least one origin')]),
  external: z.array(z.string()).optional(),
});

const REASON =
  'the target is no page of this site; a partner is declared by its origin, in input.redirects or by redirect.external()';

/**
 * Makes the judge of a policy's redirects.
 *
 * @param field - the setting that names the external origins, for the error
 */
export function redirectGuard(options: RedirectOptions, services: Services, field = 'input.redirects'): RedirectGuard {
  const origins = (typeof options.origins === 'string' ? [options.origins] : options.origins).map((origin, i) =>
    parseOrigin(origin, `redirect().origins[${i}]`),
  );
  const { external: given = [] } = options;
  if (!Array.isArray(given)) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field,
      message: 'it is no list of origins',
      fix: "write ['https://idp.example']",
    });
  }
  const external = given.map((origin, i) => parseOrigin(origin, `${field}[${i}]`));
  const stays = staysOn(origins, external);
  const passed = new WeakSet<ServerResponse>();

  function isForeign(req: IncomingMessage, target: string): boolean {
    if (stays(target)) return false;
    const decisions = decisionsFor(req, 'input');
    if (decisions.some(({ kind }) => kind === 'exemption')) return false;
    return !stays(target, declaredBy(decisions.map(({ value }) => value)));
  }

  return {
    judge: (req, target) =>
      isForeign(req, target) ? new Refusal('ERR_REDIRECT_EXTERNAL', { reason: REASON }) : undefined,
    letPass: (res) => void passed.add(res),
    response(req, res) {
      const target = res.getHeader('Location');
      if (target === undefined || !isRedirect(res.statusCode) || passed.has(res)) return;
      if (!isForeign(req, String(target))) return;
      const { requestId, client, url, selfTest } = contextOf(req);
      if (selfTest) return;
      // Direction open: a Location that was set by hand goes out. Reason: passport and proxies set it so, for targets that
      // their own settings name. Mitigation: it is reported, and `res.redirect()`, which apps use, is refused.
      services.emit({
        event: 'malicious_redirect',
        level: 'WARN',
        description: 'a Location header that was set by hand leads to an origin that is not declared',
        practice: 'input',
        monitored: true,
        ...(requestId === undefined ? {} : { requestId }),
        ...(client === undefined ? {} : { sourceIp: client.ip }),
        method: req.method ?? '',
        path: url.split('?', 1)[0] ?? '/',
      });
    },
  };
}

function createRedirect(options: RedirectOptions, services: Services = ALONE): Middleware {
  const read = resolveOptions(optionsSchema, { origins: [], external: [] }, options, 'redirect()') as RedirectOptions;
  const guard = redirectGuard(read, services, 'redirect().external');

  function redirect(req: IncomingMessage, res: ServerResponse, next: Next): void {
    installRedirects(res, res, (_req, _res, target) => {
      const refusal = guard.judge(req, target);
      if (refusal === undefined) return false;
      next(refusal);
      return true;
    });
    beforeHead(req, res, guard.response);
    next();
  }
  return Object.assign(redirect, { response: guard.response });
}

const EXTERNAL: unique symbol = Symbol('bulwark.redirect-external');

interface ExternalValue {
  readonly [EXTERNAL]: readonly string[];
}

function declaredBy(values: readonly unknown[]): ReadonlySet<string> {
  return new Set(
    values.flatMap((value) =>
      typeof value === 'object' && value !== null && EXTERNAL in value ? (value as ExternalValue)[EXTERNAL] : [],
    ),
  );
}

/** Redirects that stay on the site; see {@link Redirect}. CWE-601, ASVS 3.7.2. */
export const redirect: Redirect = Object.assign(createRedirect, {
  external(...origins: [string, ...string[]]): DecisionHandler {
    if (origins.length === 0) {
      throw new ConfigError('ERR_CONFIG_VALUE', {
        field: 'redirect.external()',
        message: 'it names no origin',
        fix: "write redirect.external('https://idp.example')",
      });
    }
    const read = origins.map((origin, i) => parseOrigin(origin, `redirect.external()[${i}]`));
    const value: ExternalValue = { [EXTERNAL]: read };
    return decide({ practice: 'input', kind: 'setting', summary: `may redirect to ${read.join(', ')}`, value });
  },
});
