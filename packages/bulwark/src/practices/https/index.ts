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
import { decisionsFor } from '../../decisions.ts';
import { Refusal } from '../../errors.ts';
import { headerLines } from '../../head.ts';
import { parseOrigin } from '../../origins.ts';
import { clientOf } from '../client/index.ts';
import { strictTransportSecurity } from './hsts.ts';
import { hostnameOf, isLoopback, withoutBrackets } from './local-names.ts';
import { type HttpsOptions, type ResolvedHttps, resolveHttps } from './options.ts';

export type { HstsOptions } from './hsts.ts';
export type { Listening, ListenOptions } from './listen.ts';
export type { HttpsOptions } from './options.ts';

/**
 * Lets requests pass that came over TLS. Plain requests for pages are redirected to the same path on an own https
 * origin; all others are refused, because a redirected API call has already sent its token in clear text.
 * Answers over TLS carry HSTS; answers over plain HTTP never do.
 *
 * @param options - `origins` is what it needs; without an https origin there is nowhere to redirect to, so all is refused
 * @param services - given by `secure()`
 * @returns a handler that passes `Refusal` `ERR_HTTPS_REQUIRED` (403) to `next`, or redirects: 308 in production, 307
 *   elsewhere, since browsers never forget a 308 and a developer's port soon serves something else
 * @throws ConfigError for settings that are unknown, contradictory or no origin
 * @see ASVS 12.2.1, 4.1.2, 3.4.1; CWE-319; RFC 6797 §7.2
 * @example app.use(https({ origins: ['https://shop.example'] }))
 */
export function https(options: HttpsOptions = {}, services: Services = ALONE): Middleware {
  const settings = resolveHttps(options);
  const origins = settings.origins.map((origin, i) => parseOrigin(origin, `https.origins[${i}]`));
  const plainApp = origins.length > 0 && origins.every((origin) => origin.startsWith('http:'));
  if (plainApp && services.mode === 'production') warnPlain(services);
  const destinations = origins.filter((origin) => origin.startsWith('https:'));
  const byHostname = new Map(destinations.toReversed().map((origin) => [hostnameOf(origin), origin]));
  const redirectStatus = services.mode === 'production' ? 308 : 307;
  const plainPaths = new Set(settings.insecurePlainPaths);
  const isApi = apiMatcher(settings.apiPaths);
  const response = hstsHook(settings, services);

  function httpsOnly(req: IncomingMessage, res: ServerResponse, next: Next): void {
    beforeHead(req, res, response);
    const client = clientOf(req);
    if (client.protocol === 'https' || plainApp || isExempt(req)) return next();
    // Passes what a test tool sends to the app itself (supertest): it has no certificate, and the wire is this machine's.
    if (services.mode === 'test' && isLoopback(client.peer) && !contextOf(req).selfTest) return next();
    if (claimsTls(req)) return next(new Refusal('ERR_HTTPS_REQUIRED', { reason: UNDECLARED_PROXY }));
    const target = targetOf(req);
    const path = pathOf(target);
    const safe = req.method === 'GET' || req.method === 'HEAD';
    // These pass in clear text: a certificate authority asks so by its protocol (RFC 8555 §8.3), a balancer because
    // it cannot do better. Only reading, only exact paths, and neither answer depends on who asks.
    if (safe && (ACME_CHALLENGE.test(path) || plainPaths.has(path))) return next();
    const destination = byHostname.get(withoutBrackets(client.hostname)) ?? destinations[0];
    if (settings.redirect && safe && destination !== undefined && wantsPage(req) && path !== '' && !isApi(path)) {
      return redirect(res, redirectStatus, destination + asciiOf(target));
    }
    next(new Refusal('ERR_HTTPS_REQUIRED', { reason: REASON }));
  }
  return Object.assign(httpsOnly, { response });
}

const REASON =
  'sent over plain HTTP, where anybody on the way reads and changes it; send it to the https:// address, and replace any secret that it carried';

const UNDECLARED_PROXY =
  'X-Forwarded-Proto says https, but no proxy is declared that may say so; name it in the policy, as in proxy: "nginx" or ' +
  'proxy: { hops: 1 } (a redirect would come back here for ever)';

/** Read where the client practice leaves what it does not believe. */
function claimsTls({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.some(
    (name, i) =>
      i % 2 === 0 && name.toLowerCase() === 'x-forwarded-proto' && rawHeaders[i + 1]?.trim().toLowerCase() === 'https',
  );
}

/** RFC 8555 §8.3: the token is base64url. */
const ACME_CHALLENGE = /^\/\.well-known\/acme-challenge\/[A-Za-z0-9_-]+$/;

function hstsHook(settings: ResolvedHttps, services: Services): ResponseHook {
  const value = strictTransportSecurity(settings.hsts);
  if (value === undefined) return () => undefined;
  const lines = headerLines([['Strict-Transport-Security', value]]);
  return function strictTransport(req, res, head) {
    if (res.hasHeader('Strict-Transport-Security')) res.removeHeader('Strict-Transport-Security');
    const client = clientOf(req);
    // HSTS holds for a host on all its ports: from one developer's server it would break every other on localhost.
    const pinsMachine = services.mode !== 'production' && isLoopback(client.hostname);
    if (client.protocol === 'https' && !pinsMachine) head.add(lines);
  };
}

function apiMatcher(paths: readonly string[]): (path: string) => boolean {
  const bases = paths.map((path) => path.replace(/\/+$/, '').toLowerCase());
  // Lower case as Express routes it by default: `/API/x` reaches the same handler.
  return (path) => bases.some((base) => path.toLowerCase() === base || path.toLowerCase().startsWith(`${base}/`));
}

/** A browser that opens a page. `*` `/` `*` is not enough: that is what API clients send. */
function wantsPage(req: IncomingMessage): boolean {
  if (req.headers['sec-fetch-mode'] === 'navigate') return true;
  return /(?:^|[\s,])text\/html(?:$|[\s,;])/i.test(req.headers.accept ?? '');
}

/** As it came in: Express cuts the mount path off `req.url`. */
function targetOf(req: IncomingMessage): string {
  return (req as IncomingMessage & { originalUrl?: string }).originalUrl ?? req.url ?? '';
}

/** The path without its query; empty for a target that is none (`*`, `http://host/path`). */
function pathOf(target: string): string {
  return target.startsWith('/') ? (target.split(/[?#]/, 1)[0] ?? '') : '';
}

function asciiOf(target: string): string {
  return target.replace(/[^\x21-\x7e]/g, (character) => encodeURIComponent(character));
}

function redirect(res: ServerResponse, status: number, location: string): void {
  res.statusCode = status;
  res.setHeader('Location', location);
  res.appendHeader('Vary', 'Accept, Sec-Fetch-Mode');
  res.setHeader('Content-Length', '0');
  res.end();
}

function isExempt(req: IncomingMessage): boolean {
  return decisionsFor(req, 'https').some((decision) => decision.kind === 'exemption');
}

function warnPlain(services: Services): void {
  services.emit({
    event: 'sys_startup',
    level: 'WARN',
    description: 'all origins are http://, so nothing is demanded to come over TLS',
    practice: 'https',
  });
}
