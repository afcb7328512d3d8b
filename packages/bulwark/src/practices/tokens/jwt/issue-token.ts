import { randomUUID } from 'node:crypto';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import { ConfigError } from '../../../errors.ts';
import { resolveOptions } from '../../../options.ts';
import { type Duration, parseDuration } from '../../../units.ts';
import { addIssues, type Fields } from '../../input/validate/issues.ts';
import { encodeBase64url } from '../jws/base64url.ts';
import type { Jwk } from '../jws/jwk.ts';
import { signatureOf } from '../jws/signature.ts';
import { readSigningKey, type SigningKey } from '../jws/signing-key.ts';
import { screenClaims } from './claim-screen.ts';
import {
  ACCESS_TOKEN,
  type ClaimsToIssue,
  isText,
  LONGEST_LIFE,
  LONGEST_TOKEN,
  readAudience,
  readName,
} from './claims.ts';
import { checkHmacStrength } from './hmac-strength.ts';
import { isSchema } from './verify-options.ts';

/** How tokens are issued. */
export interface IssueTokenOptions {
  /** A private JWK; without `kid` its thumbprint is its name. A function is asked each time, for keys that rotate. */
  readonly key: Jwk | (() => Jwk);
  /** `iss`: who issues it. */
  readonly issuer: string;
  /** `aud`: whom it is for. */
  readonly audience: string | readonly string[];
  /** The header's `typ`; `at+jwt` unless said otherwise (RFC 9068). */
  readonly typ?: string;
  /** Time to live; 15 minutes unless said otherwise, 24 hours at the most. */
  readonly ttl?: Duration;
  /** A Standard Schema that the claims must fit, `sub` among them; what it gives goes into the token. */
  readonly schema?: StandardSchemaV1;
  /** Claims that look like a secret or personal data and go in all the same, each with the reason. */
  readonly dangerouslyAllowClaims?: Readonly<Record<string, string>>;
  /** The clock, in milliseconds since 1970; `Date.now` unless said otherwise. */
  readonly now?: () => number;
}

/** Issues tokens. */
export type TokenIssuer = (claims: ClaimsToIssue) => Promise<string>;

const TTL = '15m';
const FIELD = 'issueToken()';
/** What the issuer alone says. */
const OURS = ['iss', 'aud', 'exp', 'iat', 'jti'];

const isFunction = (value: unknown): boolean => typeof value === 'function';
// The key is read by hand: an error must not quote it.
const SHAPE = z.strictObject({
  key: z.unknown().optional(),
  issuer: z.unknown().optional(),
  audience: z.unknown().optional(),
  typ: z
    .string()
    .regex(/^[\w.+/-]{1,100}$/, 'a media type is expected')
    .optional(),
  ttl: z.union([z.number(), z.string()]).optional(),
  schema: z.custom(isSchema, 'a Standard Schema is expected').optional(),
  dangerouslyAllowClaims: z.record(z.string(), z.string().regex(/\w.*\w/, 'a reason is expected')).optional(),
  now: z.custom(isFunction, 'a function is expected').optional(),
});

/**
 * Issues a JWT: signed with `key`, with `kid` and `typ` in its header, and `iss`, `aud`, `sub`, `iat`, `exp` and a random `jti`.
 *
 * Refused are claims that look like a secret or personal data, that the issuer says itself (`iss`, `exp`, …), and tokens of
 * more than 8192 characters. Signing is synchronous: about 60 µs with EdDSA, and a millisecond with RSA.
 *
 * @param claims - `sub` is obligatory; `sid` ties the token to a session
 * @throws ConfigError where options, key or claims cannot be used
 * @example
 * const token = await issueToken({ sub: user.id, role: 'clerk' }, {
 *   key, issuer: 'https://login.shop.example', audience: 'https://api.shop.example',
 * })
 */
export async function issueToken(claims: ClaimsToIssue, options: IssueTokenOptions): Promise<string> {
  return tokenIssuer(options)(claims);
}

/**
 * {@link issueToken} with its options, and its key unless it is a function, read once.
 *
 * @throws ConfigError
 * @example const issue = tokenIssuer({ key, issuer, audience }); const token = await issue({ sub: user.id })
 */
export function tokenIssuer(given: IssueTokenOptions): TokenIssuer {
  resolveOptions(SHAPE, {}, given, FIELD);
  const options: Partial<IssueTokenOptions> = given ?? {};
  const { schema, typ = ACCESS_TOKEN, now = Date.now } = options;
  const iss = readName(options.issuer, `${FIELD}.issuer`);
  const audience = readAudience(options.audience, `${FIELD}.audience`);
  const aud = audience.length === 1 ? audience[0] : audience;
  const life = lifeOf(options.ttl ?? TTL);
  const allowed = new Set(Object.keys(options.dangerouslyAllowClaims ?? {}));
  const signer = signerOf(options.key);

  return async function issue(claims) {
    const own = schema === undefined ? readClaims(claims) : readClaims(await heldTo(schema, claims));
    // What is looked at is what goes out, whatever `toJSON` of the values makes of them.
    const written = JSON.stringify(own);
    if (written.length > LONGEST_TOKEN) throw tooLong();
    const said = JSON.parse(written) as object;
    screenClaims(said, allowed);
    const { kid, algorithm, key } = signer();
    const iat = Math.floor(now() / 1000);
    const payload = JSON.stringify({ ...said, iss, aud, iat, exp: iat + life, jti: randomUUID() });
    const data = `${encodeBase64url(JSON.stringify({ alg: algorithm, typ, kid }))}.${encodeBase64url(payload)}`;
    const token = `${data}.${encodeBase64url(signatureOf(data, key, algorithm))}`;
    if (token.length <= LONGEST_TOKEN) return token;
    throw tooLong();
  };
}

function lifeOf(ttl: Duration): number {
  const milliseconds = parseDuration(ttl, `${FIELD}.ttl`);
  if (milliseconds >= 1000 && milliseconds <= LONGEST_LIFE) return Math.floor(milliseconds / 1000);
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: `${FIELD}.ttl`,
    message: 'a token lives for a second at the least, and 24 hours at the most',
    fix: 'write "15m", and renew tokens; a number is milliseconds',
  });
}

function signerOf(given: IssueTokenOptions['key'] | undefined): () => SigningKey {
  const read = (jwk: Jwk | undefined): SigningKey => {
    const signing = readSigningKey(jwk, `${FIELD}.key`);
    if (!STRONG.has(signing)) {
      if (signing.key.type === 'secret') checkHmacStrength(signing.key, `${FIELD}.key`);
      STRONG.add(signing);
    }
    return signing;
  };
  if (typeof given === 'function') return () => read(given());
  const key = read(given);
  return () => key;
}

/** Keys whose strength was looked at. */
const STRONG = new WeakSet<SigningKey>();

function readClaims(claims: unknown): object {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw badClaim(FIELD, 'claims are an object', 'write { sub: user.id }');
  }
  const { sub, sid, nbf } = claims as Readonly<Record<string, unknown>>;
  const ours = OURS.find((name) => (claims as Readonly<Record<string, unknown>>)[name] !== undefined);
  if (ours !== undefined) throw badClaim(`${FIELD}.${ours}`, 'the issuer says it', 'use the options for it');
  if (!isText(sub)) throw badClaim(`${FIELD}.sub`, 'it is missing or no text', 'write the id of the user as text');
  if (sid !== undefined && !isText(sid)) throw badClaim(`${FIELD}.sid`, 'it is no text', 'write the id of the session');
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf >= 0 && Number.isFinite(nbf))) {
    throw badClaim(`${FIELD}.nbf`, 'it is no time', 'write seconds since 1970');
  }
  return claims;
}

async function heldTo(schema: StandardSchemaV1, claims: unknown): Promise<unknown> {
  const { '~standard': standard } = schema;
  const result = await standard.validate(claims);
  if (result.issues === undefined) return result.value;
  const fields: Fields = new Map();
  addIssues(fields, 'body', standard.vendor, result.issues, claims);
  const [first = ['', '']] = fields;
  throw badClaim(`${FIELD}.${first[0]}`, `it does not fit the schema: ${first[1]}`, 'give claims that fit');
}

function tooLong(): ConfigError {
  return badClaim(FIELD, 'the token is too long to be sent in a header', 'leave out what can be looked up by sub');
}

function badClaim(field: string, message: string, fix: string): ConfigError {
  return new ConfigError('ERR_TOKEN_CLAIM', { field, message, fix });
}
