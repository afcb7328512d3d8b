import type { IncomingMessage, ServerResponse } from 'node:http';
import Negotiator from 'negotiator';
import { contextOf } from '../../context.ts';
import { newNonce, nonceOf } from '../headers/nonce.ts';
import type { FailureRecord } from '../logging/failure-record.ts';
import type { ErrorDescription } from './describe-error.ts';
import { type ProblemPage, problemPage } from './html-page.ts';
import { type Problem, problemText, toProblem } from './problem.ts';

/**
 * What the failed handler said of a body that is not sent. Cookies stay: a rotated session or refresh token that the
 * server has already stored must reach its owner.
 */
const BODY_HEADERS: ReadonlySet<string> = new Set([
  'accept-ranges',
  'age',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'digest',
  'content-digest',
  'repr-digest',
  'etag',
  'expires',
  'last-modified',
  'location',
  'pragma',
  'refresh',
  'trailer',
  'transfer-encoding',
]);

const TYPES = ['application/problem+json', 'application/json', 'text/html'];

/** How a response stands when its request fails. */
export type ResponseState = 'open' | 'begun' | 'ended' | 'gone';

/** Whether an error can still be answered. */
export function stateOf(req: IncomingMessage, res: ServerResponse): ResponseState {
  if (res.writableEnded) return 'ended';
  if (res.destroyed || req.socket?.destroyed) return 'gone';
  return res.headersSent ? 'begun' : 'open';
}

/** What an answer tells beside the error itself. */
export interface Told {
  readonly requestId: string | undefined;
  /** In development only. */
  readonly debug: FailureRecord | undefined;
}

/** Writes the answer of an error: problem+json, or a page for those who ask for one. */
export function respond(
  req: IncomingMessage,
  res: ServerResponse,
  description: ErrorDescription,
  { requestId, debug }: Told,
  page: ProblemPage | false | undefined,
): void {
  for (const name of res.getHeaderNames()) if (BODY_HEADERS.has(name)) res.removeHeader(name);
  const html =
    page !== false && prefersHtml(req) ? render(req, res, toProblem(description, requestId, debug), page) : undefined;
  const body = html ?? problemText(description, requestId, debug);
  res.statusCode = description.status;
  if (res.statusMessage) res.statusMessage = '';
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('X-Content-Type-Options', 'nosniff');
  const { headers } = description;
  for (const name of Object.keys(headers)) res.setHeader(name, headers[name] as string);
  res.setHeader(
    'Content-Type',
    html === undefined ? 'application/problem+json; charset=utf-8' : 'text/html; charset=utf-8',
  );
  const length = Buffer.byteLength(body);
  res.setHeader('Content-Length', length);
  // As text: node sends it in one piece with the head, where bytes would be a second one. Latin-1 it writes fastest, and
  // of ASCII that is the same.
  if (req.method === 'HEAD') res.end();
  else res.end(body, length === body.length ? 'latin1' : 'utf8');
}

/** HTML goes only to those who name it and like it best: browsers do, `fetch` and curl do not. */
function prefersHtml(req: IncomingMessage): boolean {
  const { accept } = req.headers;
  if (accept === undefined || !/\btext\/html\b/i.test(accept)) return false;
  const known = preferences.get(accept);
  if (known !== undefined) return known;
  const prefers = new Negotiator({ headers: { accept } }).mediaType(TYPES) === 'text/html';
  if (accept.length > LONGEST_ACCEPT) return prefers;
  if (preferences.size >= MOST_PREFERENCES) preferences.clear();
  preferences.set(accept, prefers);
  return prefers;
}

/** What Accept headers were found to prefer: browsers send a few, one and all. */
const preferences = new Map<string, boolean>();
const MOST_PREFERENCES = 100;
const LONGEST_ACCEPT = 256;

function render(
  req: IncomingMessage,
  res: ServerResponse,
  problem: Problem,
  page: ProblemPage = problemPage,
): string | undefined {
  try {
    // Inside a gate, and after `headers`, the policy of the response takes the nonce up; alone, one is set here.
    const alone = contextOf(req).gate === undefined && !res.hasHeader('Content-Security-Policy');
    const nonce = alone ? newNonce() : nonceOf(req);
    const html = page(problem, { nonce });
    if (typeof html !== 'string') return undefined;
    if (alone) {
      res.setHeader(
        'Content-Security-Policy',
        `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; frame-ancestors 'none'`,
      );
    }
    return html;
  } catch {
    return undefined;
  }
}
