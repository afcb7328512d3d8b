import { createHmac, timingSafeEqual } from 'node:crypto';

/** How old a signature may be, and how far in the future: clocks differ. */
const TOLERANCE_S = 300;

const HEADER = /^t=(\d{1,12}),v1=([\da-f]{64})$/;

/**
 * Whether a delivery was signed by who knows the secret, over these very bytes, not long ago.
 *
 * `X-Signature: t=<seconds since 1970>,v1=<hex of HMAC-SHA-256 over "<t>.<body>">`. The time is signed too, so an old
 * delivery cannot be sent again later; within the tolerance its id stops it (CWE-294, CWE-345, CWE-347).
 *
 * @param now - milliseconds since 1970
 * @example isSigned(req.headers['x-signature'], req.body, secret, Date.now())
 */
export function isSigned(header: unknown, body: Buffer, secret: string, now: number): boolean {
  const match = typeof header === 'string' ? HEADER.exec(header) : null;
  if (match === null) return false;
  const [, time = '', signature = ''] = match;
  if (Math.abs(now / 1000 - Number(time)) > TOLERANCE_S) return false;
  const expected = sign(time, body, secret);
  return timingSafeEqual(Buffer.from(signature, 'hex'), Buffer.from(expected, 'hex'));
}

/** The signature of a delivery, hex. */
export function sign(time: string, body: Buffer | string, secret: string): string {
  return createHmac('sha256', secret).update(`${time}.`).update(body).digest('hex');
}
