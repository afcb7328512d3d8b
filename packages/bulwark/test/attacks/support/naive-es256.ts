import { createHash } from 'node:crypto';
import type { Jwk } from '../../../src/practices/tokens/jws/jwk.ts';

/*
 * ES256 as it is written down in books, without the line that says what r and s must be: the mistake of CVE-2022-21449.
 * The point at infinity is (0, 0), and the inverse of 0 is 0, as Fermat's little theorem has it.
 */
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const A = P - 3n;

type Point = readonly [bigint, bigint];
const G: Point = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
];
const NOTHING: Point = [0n, 0n];

const mod = (value: bigint, modulus: bigint): bigint => ((value % modulus) + modulus) % modulus;

function inverse(value: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let base = mod(value, modulus), e = modulus - 2n; e > 0n; e >>= 1n, base = mod(base * base, modulus)) {
    if (e & 1n) result = mod(result * base, modulus);
  }
  return result;
}

function add(a: Point, b: Point): Point {
  if (a[0] === 0n && a[1] === 0n) return b;
  if (b[0] === 0n && b[1] === 0n) return a;
  if (a[0] === b[0] && a[1] !== b[1]) return NOTHING;
  const slope =
    a[0] === b[0]
      ? mod((3n * a[0] * a[0] + A) * inverse(2n * a[1], P), P)
      : mod((b[1] - a[1]) * inverse(b[0] - a[0], P), P);
  const x = mod(slope * slope - a[0] - b[0], P);
  return [x, mod(slope * (a[0] - x) - a[1], P)];
}

function times(factor: bigint, point: Point): Point {
  let result = NOTHING;
  for (let f = factor, p = point; f > 0n; f >>= 1n, p = add(p, p)) if (f & 1n) result = add(result, p);
  return result;
}

const numberOf = (bytes: Uint8Array | string): bigint =>
  BigInt(`0x${Buffer.from(bytes as string, typeof bytes === 'string' ? 'base64url' : undefined).toString('hex')}`);

/** Verifies a token and gives its claims; accepts the signature that is all zeros. */
export function naiveEs256(token: string, { x, y }: Jwk): unknown {
  const [header = '', payload = '', signed = ''] = token.split('.');
  const signature = Buffer.from(signed, 'base64url');
  const [r, s] = [numberOf(signature.subarray(0, 32)), numberOf(signature.subarray(32))];
  const e = numberOf(createHash('sha256').update(`${header}.${payload}`).digest());
  const w = inverse(s, N);
  const key: Point = [numberOf(String(x)), numberOf(String(y))];
  const [found] = add(times(mod(e * w, N), G), times(mod(r * w, N), key));
  if (mod(found, N) !== r) throw new Error('invalid signature');
  return JSON.parse(Buffer.from(payload, 'base64url').toString());
}
