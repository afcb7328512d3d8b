import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { MaybePromise } from '../../../stores/record-store.ts';
import type { Duration } from '../../../units.ts';
import { frozenCopy, isContainer } from '../../input/validate/containers.ts';
import { addIssues, type Fields } from '../../input/validate/issues.ts';
import type { JwsAlgorithm } from '../jws/algorithms.ts';
import { verifyCompact } from '../jws/compact.ts';
import { type JsonObject, readJsonObject } from '../jws/json-object.ts';
import type { Jwk } from '../jws/jwk.ts';
import type { JwkSet } from '../jws/key-set.ts';
import { TokenError } from '../jws/token-error.ts';
import { checkClaims } from './check-claims.ts';
import { plainType, type RegisteredClaims } from './claims.ts';
import { readRules, type TokenRules } from './verify-options.ts';

/** Without a schema nothing is known of the other claims. */
export type AnyClaims = StandardSchemaV1<unknown, Readonly<Record<string, unknown>>>;

/** What a token is held to. */
export interface VerifyTokenOptions<Schema extends StandardSchemaV1 = AnyClaims> {
  /** Public keys of the issuer, of one type; a function is asked each time, for keys that rotate. */
  readonly keys: Jwk | JwkSet | (() => Jwk | JwkSet);
  /** `iss`, exactly. */
  readonly issuer: string;
  /** `aud` must be it, or hold one of them. */
  readonly audience: string | readonly string[];
  /** The header's `typ`; `at+jwt` unless said otherwise (RFC 9068). */
  readonly typ?: string;
  /** A Standard Schema of the claims; it sees all of them, `iss` and `exp` among them. */
  readonly schema?: Schema;
  /** EdDSA, ES256, RS256 and HS256 unless said otherwise; each key takes those of its type only. */
  readonly algorithms?: readonly JwsAlgorithm[];
  /** How far clocks may differ: 5 s unless said otherwise, 2 minutes at the most; 0 for not at all. */
  readonly clockTolerance?: Duration;
  /** Longest life (`exp - iat`) that is accepted; 24 h unless said otherwise, and at the most. */
  readonly maxLifetime?: Duration;
  /** The clock, in milliseconds since 1970; `Date.now` unless said otherwise. */
  readonly now?: () => number;
}

/** The claims of a verified token: as the schema gave them, and beside them what every token has. */
export type VerifiedClaims<Schema extends StandardSchemaV1> = StandardSchemaV1.InferOutput<Schema> &
  Omit<RegisteredClaims, NamedKeys<StandardSchemaV1.InferOutput<Schema>>>;

/** The keys that a type names; none of one that takes any. */
type NamedKeys<T> = string extends keyof T ? never : keyof T;

/** Verifies tokens; rejects with a {@link TokenError}. */
export type TokenVerifier<Schema extends StandardSchemaV1> = (token: string) => Promise<VerifiedClaims<Schema>>;

/**
 * Verifies a JWT and gives its claims, frozen.
 *
 * Obligatory in every token: a signature of one of `keys` with the algorithm of that key, `typ`, `iss`, `aud`, `exp`. `nbf` and
 * `iat` are held to where they are there. Refused beside what `verifyJws` refuses: more than 8192 characters, a life longer
 * than `maxLifetime`, tokens in tokens (`cty`), HMAC keys that can be guessed. RFC 8725, RFC 9068, ASVS 9.1, 9.2, CWE-347, CWE-613.
 *
 * @throws TokenError where the token is refused; ConfigError where options or keys cannot be used
 * @example
 * const { sub, role } = await verifyToken(token, {
 *   keys: jwks,
 *   issuer: 'https://login.shop.example',
 *   audience: 'https://api.shop.example',
 *   schema: z.object({ role: z.enum(['customer', 'clerk']) }),
 * })
 */
export async function verifyToken<Schema extends StandardSchemaV1 = AnyClaims>(
  token: string,
  options: VerifyTokenOptions<Schema>,
): Promise<VerifiedClaims<Schema>> {
  return tokenVerifier(options)(token);
}

/**
 * {@link verifyToken} with its options, and its keys unless they are a function, read once.
 *
 * @throws ConfigError
 * @example const verify = tokenVerifier({ keys, issuer, audience }); const claims = await verify(token)
 */
export function tokenVerifier<Schema extends StandardSchemaV1 = AnyClaims>(
  options: VerifyTokenOptions<Schema>,
): TokenVerifier<Schema> {
  const { open, hold } = tokenReader(options);
  return async (token) => (await hold(open(token))) as VerifiedClaims<Schema>;
}

/** A token whose signature is good: what it says, and nothing of whether that is accepted. It is frozen and may be kept. */
export interface OpenedToken {
  /** As the header names it. */
  readonly typ: string;
  readonly claims: JsonObject;
  /** What the claims take in memory, estimated. */
  readonly bytes: number;
}

/** The two halves of verifying: what stays true of a token, and what is asked at each use. */
export interface TokenReader {
  /** @throws TokenError where the signature is not good, or the token cannot be read */
  open(token: unknown): OpenedToken;
  /**
   * Type, issuer, audience, times and schema. The claims that it gives are frozen.
   *
   * @throws TokenError
   */
  hold(opened: OpenedToken): MaybePromise<JsonObject>;
}

/**
 * {@link tokenVerifier} in its two halves.
 *
 * @throws ConfigError
 * @example const { open, hold } = tokenReader({ keys, issuer, audience }); const claims = await hold(open(token))
 */
export function tokenReader(options: VerifyTokenOptions<StandardSchemaV1>): TokenReader {
  const rules = readRules(options, 'verifyToken()');
  const { schema } = options;
  return {
    open: (token) => openToken(token, rules),
    hold(opened) {
      const { typ, claims } = opened;
      if (typ !== rules.typ && plainType(typ) !== rules.typ) throw new TokenError('typ');
      checkClaims(claims, rules);
      if (schema === undefined) return claims;
      return heldTo(schema, claims).then((checked) => frozenCopy({ ...registered(claims), ...checked }) as JsonObject);
    },
  };
}

function openToken(token: unknown, rules: TokenRules): OpenedToken {
  const { header, payload } = verifyCompact(token, rules.keys(), rules.compact);
  const { typ, cty } = header;
  if (typeof typ !== 'string') throw new TokenError('typ');
  if (cty !== undefined) throw new TokenError('header');
  const claims = { ...readJsonObject(payload, 'payload') };
  return { typ, claims, bytes: freeze(claims) };
}

/** What V8 takes for an object or a list, for a member of it and for a text, not less. */
const CONTAINER_BYTES = 64;
const MEMBER_BYTES = 24;

/** Freezes JSON in place: a tree, whose depth was measured. Gives the bytes that it takes, estimated. */
function freeze(value: object): number {
  let bytes = CONTAINER_BYTES;
  for (const inner of Object.values(value) as readonly unknown[]) {
    bytes += MEMBER_BYTES;
    if (typeof inner === 'string') bytes += 2 * inner.length;
    else if (typeof inner === 'object' && inner !== null) bytes += freeze(inner);
  }
  Object.freeze(value);
  return bytes;
}

function registered({ iss, aud, exp, iat, nbf, sub, jti, sid, scope }: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries({ iss, aud, exp, iat, nbf, sub, jti, sid, scope }).filter(([, v]) => v !== undefined),
  );
}

/** What the schema makes of the claims; what it says goes into the error without their values. */
async function heldTo(schema: StandardSchemaV1, claims: JsonObject): Promise<JsonObject> {
  // Its own copy: what a schema changes in it nobody else sees.
  const input = structuredClone(claims);
  const { '~standard': standard } = schema;
  const result = await standard.validate(input);
  if (result.issues !== undefined) {
    const fields: Fields = new Map();
    addIssues(fields, 'body', standard.vendor, result.issues, input);
    throw new TokenError('schema', Object.fromEntries(fields));
  }
  const { value } = result;
  if (!isContainer(value) || Array.isArray(value)) throw new TokenError('schema');
  return value as JsonObject;
}
