import type { IncomingMessage } from 'node:http';
import { contextOf } from '../../context.ts';
import { Refusal, type RefusalCode } from '../../errors.ts';
import { changesState, fetchSite } from '../../fetch-metadata.ts';
import { clientOf } from '../client/index.ts';
import { routeSetting } from '../cors/origin-setting.ts';
import { isEmbeddable } from '../headers/profiles.ts';
import { ambientCredential } from './ambient-credentials.ts';
import { methodOverride } from './method-override.ts';
import type { CsrfPolicy } from './options.ts';

/**
 * Judges a request by its method of this moment: undefined lets it pass. It keeps nothing, so a request whose method
 * was changed can be judged again.
 */
export function judge(req: IncomingMessage, policy: CsrfPolicy): Refusal | undefined {
  const method = req.method ?? 'GET';
  if (changesState(method)) return judgeStateChange(req, policy, '');
  const override = methodOverride(req);
  if (override !== undefined) return judgeStateChange(req, policy, `; ${override} makes it a state change`);
  return policy.isolateReads && method !== 'OPTIONS' ? judgeRead(req, policy) : undefined;
}

/** First what only a browser can say and no page can change (`Sec-Fetch-Site`); only where that is absent, Origin. */
function judgeStateChange(req: IncomingMessage, policy: CsrfPolicy, because: string): Refusal | undefined {
  const { origin } = req.headers;
  const refuse = (code: RefusalCode, reason: string): Refusal => new Refusal(code, { reason: reason + because });
  const site = policy.fetchMetadata ? fetchSite(req) : undefined;
  switch (site) {
    case 'same-origin':
    case 'none':
      return undefined;
    case 'same-site':
    case 'cross-site':
      if (isTrusted(req, origin, policy)) return undefined;
      return site === 'same-site'
        ? refuse(
            'ERR_CSRF_SAME_SITE',
            'Sec-Fetch-Site says same-site, and Origin is not on the list of trusted origins',
          )
        : refuse(
            'ERR_CSRF_CROSS_SITE',
            'Sec-Fetch-Site says cross-site, and Origin is not on the list of trusted origins',
          );
    case 'invalid':
      return refuse('ERR_CSRF_CROSS_SITE', 'Sec-Fetch-Site has a value that no browser sends');
    case undefined:
      break;
  }
  if (origin === undefined) return judgeWithoutOrigin(req, refuse);
  if (isTrusted(req, origin, policy)) return undefined;
  if (origin === 'null') {
    return refuse(
      'ERR_CSRF_NULL_ORIGIN',
      'Origin is "null", and no Sec-Fetch-Site says more; a page of this site sends that under Referrer-Policy: ' +
        'no-referrer, so give pages with forms Referrer-Policy: same-origin or strict-origin-when-cross-origin',
    );
  }
  return refuse('ERR_CSRF_ORIGIN', 'Origin is neither an origin of this site nor on the list of trusted origins');
}

function judgeWithoutOrigin(
  req: IncomingMessage,
  refuse: (code: RefusalCode, reason: string) => Refusal,
): Refusal | undefined {
  const credential = ambientCredential(req);
  if (credential !== undefined) {
    return refuse('ERR_CSRF_NO_ORIGIN', `it carries ${credential}, but neither Sec-Fetch-Site nor Origin`);
  }
  // Passes servers, scripts and webhooks, which send neither header. A forged request gains nothing here: it could do
  // no more than its author can do directly. Credentials that a browser adds unseen by the app (a network address that
  // is trusted, a certificate that ends at the proxy) are in README's limits.
  return undefined;
}

/** Resource isolation: who merely links here may come in, who loads parts of this app into another site may not. */
function judgeRead(req: IncomingMessage, policy: CsrfPolicy): Refusal | undefined {
  const site = fetchSite(req);
  // Passes what sends no Fetch Metadata: servers, scripts, and browsers of before 2023. SameSite cookies and
  // Cross-Origin-Resource-Policy are what stands behind.
  if (site === undefined || site === 'same-origin' || site === 'same-site' || site === 'none') return undefined;
  if (site === 'cross-site' && isTopLevelNavigation(req)) return undefined;
  if (isTrusted(req, req.headers.origin, policy) || isForEveryone(req)) return undefined;
  return new Refusal('ERR_FETCH_ISOLATED', {
    reason:
      site === 'invalid'
        ? 'Sec-Fetch-Site has a value that no browser sends'
        : 'Sec-Fetch-Site says cross-site, and Sec-Fetch-Mode and Sec-Fetch-Dest do not say that a user goes to this page',
  });
}

function isTopLevelNavigation(req: IncomingMessage): boolean {
  if (req.headers['sec-fetch-mode'] !== 'navigate') return false;
  const destination = req.headers['sec-fetch-dest'];
  // Passes a navigation that does not say into what: Chrome 76 to 79 sent no Sec-Fetch-Dest, and downloads and prefetches
  // say `empty`. Frames of such browsers are left to frame-ancestors.
  return destination === undefined || destination === 'document' || destination === 'empty';
}

/** Routes that say of themselves that any site may load them. */
function isForEveryone(req: IncomingMessage): boolean {
  if (routeSetting(req)?.anyOrigin) return true;
  return contextOf(req).decisions.some(({ practice, value }) => practice === 'headers' && isEmbeddable(value));
}

/** Whole strings are compared: `http` is not `https`, and a port is part of the name. */
function isTrusted(req: IncomingMessage, origin: string | undefined, policy: CsrfPolicy): boolean {
  if (origin === undefined) return false;
  if (policy.own === undefined ? origin === clientOf(req).origin : policy.own.has(origin)) return true;
  return policy.trusted.has(origin) || routeSetting(req)?.origins.has(origin) === true;
}
