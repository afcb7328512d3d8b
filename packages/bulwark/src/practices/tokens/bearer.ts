import { Refusal } from '../../errors.ts';
import type { BearerRequest } from './options.ts';

const SCHEME = /^bearer(?: |$)/i;
/** RFC 6750 2.1: b64token. */
const CREDENTIALS = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * The bearer token of a request; undefined where it has none. It is read from `Authorization` and from nowhere else: an
 * address with a token in it lies in logs, histories and Referer headers (RFC 9700 4.3.2, CWE-598).
 *
 * @throws Refusal 400 `ERR_TOKEN_REQUEST` for several Authorization headers, or one that is no `Bearer <b64token>` (RFC 6750 3.1)
 * @example const token = readBearer(req)
 */
export function readBearer(req: BearerRequest): string | undefined {
  if (req.headers.authorization === undefined) return undefined;
  // Of several headers, node keeps the first, and a proxy or another server may go by the last.
  const [value = '', ...more] = req.headersDistinct.authorization ?? [];
  if (more.length > 0) throw malformed('several Authorization headers');
  if (!SCHEME.test(value)) return undefined;
  const [, token] = CREDENTIALS.exec(value) ?? [];
  if (token === undefined) throw malformed('an Authorization header that is not "Bearer <token>"');
  return token;
}

function malformed(what: string): Refusal {
  return new Refusal('ERR_TOKEN_REQUEST', {
    reason: `the request has ${what}`,
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_request"' },
  });
}
