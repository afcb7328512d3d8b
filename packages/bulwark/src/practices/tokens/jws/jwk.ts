import { createPublicKey, createSecretKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ConfigError } from '../../../errors.ts';
import { ALGORITHMS, factsOf, isAlgorithm, type JwsAlgorithm, type KeyType } from './algorithms.ts';
import { decodeBase64url } from './base64url.ts';
import { objectionToEd25519 } from './ed25519-key.ts';
import { objectionToRsa } from './rsa-key.ts';

/** A JSON Web Key (RFC 7517). What is refused of it: see {@link readVerifyKey}. */
export interface Jwk {
  readonly kty: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly key_ops?: readonly string[];
  readonly [member: string]: unknown;
}

/** A key that was judged, ready to verify. */
export interface VerifyKey {
  readonly kid: string | undefined;
  readonly kty: KeyType;
  /** The algorithms that it may be used with: one where the JWK says so by `alg`, or its curve does. */
  readonly algorithms: ReadonlySet<JwsAlgorithm>;
  readonly key: KeyObject;
}

/** The members of a JWK: its own ones, whatever somebody has put into `Object.prototype`. */
export type Members = Readonly<Record<string, unknown>>;

/** What only a private key has. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth'] as const;

const LONGEST_KID = 256;
const CURVE_BYTES: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 };

/**
 * Judges a JWK and makes the key to verify with.
 *
 * Refused are: private keys, keys for another purpose (`use`, `key_ops`, `alg`), numbers that are not strict base64url of
 * the right length, points off their curve or of small order, RSA keys that `objectionToRsa` names, HMAC keys shorter
 * than the hash (RFC 7518 3.2), certificates (`x5c`) of another key, and keys that would have to be fetched (`x5u`).
 *
 * @param field - where the key is, for the error
 * @throws ConfigError `ERR_TOKEN_KEY`; it holds nothing of the key
 * @example readVerifyKey({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }, 'keys')
 */
export function readVerifyKey(jwk: unknown, field: string): VerifyKey {
  const members = membersOf(jwk, field);
  const isPrivate = PRIVATE_MEMBERS.some((name) => members[name] !== undefined);
  if (isPrivate) throw badKey(field, 'it is a private key, and only its owner signs', 'give the public key');
  return readKey(members, field, 'verify');
}

/** {@link readVerifyKey} of what may be part of a private key. */
export function readKey(members: Members, field: string, purpose: 'sign' | 'verify'): VerifyKey {
  const kid = kidOf(members, field);
  checkPurpose(members, field, purpose);
  const { kty, key, fits } = importPublic(members, field);
  checkCertificate(members, key, field);
  const { alg } = members;
  if (alg === undefined) return { kid, kty, key, algorithms: new Set(fits) };
  if (!isAlgorithm(alg) || !fits.includes(alg)) {
    throw badKey(field, 'its alg is none that such a key can be used with', `use one of: ${fits.join(', ')}`);
  }
  return { kid, kty, key, algorithms: new Set([alg]) };
}

/** A JWK's own members. */
export function membersOf(jwk: unknown, field: string): Members {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) {
    throw badKey(field, 'it is no JWK', 'give a JSON Web Key: { kty: "OKP", crv: "Ed25519", x: "…", kid: "…" }');
  }
  return Object.assign(Object.create(null) as Record<string, unknown>, jwk);
}

function kidOf({ kid }: Members, field: string): string | undefined {
  if (kid === undefined) return undefined;
  if (typeof kid === 'string' && kid !== '' && kid.length <= LONGEST_KID) return kid;
  throw badKey(field, 'its kid is no usable text', `give a kid of 1 to ${LONGEST_KID} characters, or none`);
}

/** RFC 7517 4.2 and 4.3. */
function checkPurpose({ use, key_ops: operations }: Members, field: string, purpose: 'sign' | 'verify'): void {
  const fix = 'give a key that was made for signatures';
  if (use !== undefined && use !== 'sig') throw badKey(field, 'its use is not "sig"', fix);
  if (operations === undefined) return;
  const list: readonly unknown[] = Array.isArray(operations) ? operations : [];
  const isClean = list.every((name) => name === 'sign' || name === 'verify') && new Set(list).size === list.length;
  if (!isClean || !list.includes(purpose)) throw badKey(field, `its key_ops are not for "${purpose}"`, fix);
}

interface Imported {
  readonly kty: KeyType;
  readonly key: KeyObject;
  /** The algorithms of its type, curve and length. */
  readonly fits: readonly JwsAlgorithm[];
}

function importPublic(members: Members, field: string): Imported {
  const { kty, crv } = members;
  if (kty === 'oct') return importSecret(members, field);
  if (kty === 'RSA') {
    const objection = objectionToRsa(bytesOf(members, 'n', field), bytesOf(members, 'e', field));
    if (objection !== undefined) throw badKey(field, objection, 'make a new key of 3072 bits with exponent 65537');
    return imported({ kty, n: members.n, e: members.e }, algorithmsOf(kty), field);
  }
  if (kty === 'OKP' && crv === 'Ed25519') {
    const objection = objectionToEd25519(bytesOf(members, 'x', field, 32));
    if (objection !== undefined) throw badKey(field, objection, 'make a new key');
    return imported({ kty, crv, x: members.x }, algorithmsOf(kty), field);
  }
  const size = typeof crv === 'string' && Object.hasOwn(CURVE_BYTES, crv) ? CURVE_BYTES[crv] : undefined;
  if (kty === 'EC' && size !== undefined) {
    bytesOf(members, 'x', field, size);
    bytesOf(members, 'y', field, size);
    const fits = algorithmsOf(kty).filter((name) => factsOf(name).crv === crv);
    return imported({ kty, crv, x: members.x, y: members.y }, fits, field);
  }
  throw badKey(
    field,
    'its type or curve is none that is known here',
    'use OKP with Ed25519, EC with P-256, P-384 or P-521, RSA, or oct',
  );
}

function importSecret(members: Members, field: string): Imported {
  const secret = bytesOf(members, 'k', field);
  const needed = isAlgorithm(members.alg) ? factsOf(members.alg).hashBytes : 32;
  if (secret.length < needed) {
    throw badKey(field, `it has ${secret.length} bytes, and needs ${needed}`, `make one of ${needed} random bytes`);
  }
  const fits = algorithmsOf('oct').filter((name) => secret.length >= factsOf(name).hashBytes);
  return { kty: 'oct', key: createSecretKey(secret), fits };
}

function imported(key: Members & { readonly kty: KeyType }, fits: readonly JwsAlgorithm[], field: string): Imported {
  try {
    return { kty: key.kty, fits, key: createPublicKey({ key: { ...key }, format: 'jwk' }) };
  } catch {
    // OpenSSL's own words would say nothing to whoever reads this; above all it is a point that is not on its curve.
    throw badKey(field, 'its numbers are no public key', 'give the key as it was exported');
  }
}

function algorithmsOf(kty: KeyType): JwsAlgorithm[] {
  return ALGORITHMS.filter((name) => factsOf(name).kty === kty);
}

/** The bytes of a member in strict base64url. */
export function bytesOf(members: Members, name: string, field: string, length?: number): Buffer {
  const text = members[name];
  const bytes = typeof text === 'string' ? decodeBase64url(text) : undefined;
  if (bytes === undefined || (length !== undefined && bytes.length !== length)) {
    throw badKey(
      field,
      `its ${name} is not base64url${length === undefined ? '' : ` of ${length} bytes`}`,
      'give the key as it was exported',
    );
  }
  return bytes;
}

/** RFC 7517 4.6 and 4.7: nothing is fetched, and a certificate that comes along must be of this key. */
function checkCertificate({ x5u, x5c }: Members, key: KeyObject, field: string): void {
  if (x5u !== undefined) throw badKey(field, 'it is to be fetched (x5u), and nothing is', 'give the key itself');
  if (x5c === undefined) return;
  const chain: readonly unknown[] = Array.isArray(x5c) ? x5c : [];
  try {
    if (new X509Certificate(Buffer.from(String(chain[0]), 'base64')).publicKey.equals(key)) return;
  } catch {
    // What cannot be read is no certificate of this key either.
  }
  throw badKey(
    field,
    'its certificate (x5c) is not one of this key',
    'leave x5c out, or give the certificate that belongs to the key',
  );
}

/** The error of a key that cannot be used. */
export function badKey(field: string, message: string, fix: string): ConfigError {
  return new ConfigError('ERR_TOKEN_KEY', { field, message, fix });
}
