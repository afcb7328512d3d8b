import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import { ConfigError } from '../../../errors.ts';
import { resolveOptions } from '../../../options.ts';
import { type Duration, parseDuration } from '../../../units.ts';
import { readAlgorithms } from '../jws/algorithms.ts';
import type { CompactRules } from '../jws/compact.ts';
import type { Jwk } from '../jws/jwk.ts';
import { type JwkSet, readVerifyKeys, type VerifyKeys } from '../jws/key-set.ts';
import type { ClaimRules } from './check-claims.ts';
import { ACCESS_TOKEN, LONGEST_LIFE, LONGEST_TOKEN, plainType, readAudience, readName } from './claims.ts';
import { checkHmacStrength } from './hmac-strength.ts';
import type { VerifyTokenOptions } from './verify-token.ts';

/** The options, read. */
export interface TokenRules extends ClaimRules {
  readonly keys: () => VerifyKeys;
  readonly typ: string;
  readonly compact: CompactRules;
}

const ALGORITHMS = ['EdDSA', 'ES256', 'RS256', 'HS256'] as const;
const MOST_TOLERANCE = 120_000;

const duration = z.union([z.number(), z.string()]).optional();
// Keys, issuer and audience are read by hand: an error must not quote a key, and absent names have a message of their own.
const SHAPE = z.strictObject({
  keys: z.unknown().optional(),
  issuer: z.unknown().optional(),
  audience: z.unknown().optional(),
  typ: z.string().min(1).optional(),
  schema: z.custom(isSchema, 'a Standard Schema is expected').optional(),
  algorithms: z.unknown().optional(),
  clockTolerance: duration,
  maxLifetime: duration,
  now: z.custom((value) => typeof value === 'function', 'a function is expected').optional(),
});

/**
 * Reads the options of `verifyToken`.
 *
 * @throws ConfigError
 */
export function readRules(given: VerifyTokenOptions<StandardSchemaV1> | undefined, field: string): TokenRules {
  resolveOptions(SHAPE, {}, given, field);
  const options: Partial<VerifyTokenOptions<StandardSchemaV1>> = given ?? {};
  return {
    keys: keysOf(options.keys, `${field}.keys`),
    issuer: readName(options.issuer, `${field}.issuer`),
    audience: readAudience(options.audience, `${field}.audience`),
    typ: plainType(options.typ ?? ACCESS_TOKEN),
    tolerance: seconds(options.clockTolerance ?? 5000, MOST_TOLERANCE, `${field}.clockTolerance`),
    maxLifetime: seconds(options.maxLifetime ?? LONGEST_LIFE, LONGEST_LIFE, `${field}.maxLifetime`),
    now: options.now ?? Date.now,
    compact: {
      algorithms: readAlgorithms(options.algorithms ?? ALGORITHMS, `${field}.algorithms`),
      maxLength: LONGEST_TOKEN,
    },
  };
}

function keysOf(given: VerifyTokenOptions['keys'] | undefined, field: string): () => VerifyKeys {
  const read = (keys: Jwk | JwkSet | undefined): VerifyKeys => {
    const judged = readVerifyKeys(keys, field);
    if (!STRONG.has(judged)) {
      for (const { kty, key } of judged) if (kty === 'oct') checkHmacStrength(key, field);
      STRONG.add(judged);
    }
    return judged;
  };
  if (typeof given === 'function') return () => read(given());
  const keys = read(given);
  return () => keys;
}

/** Keys whose strength was looked at. */
const STRONG = new WeakSet<VerifyKeys>();

function seconds(given: Duration, most: number, field: string): number {
  const value = given === 0 ? 0 : parseDuration(given, field);
  if (value <= most) return value / 1000;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `it is longer than ${most / 1000} s`,
    fix: 'shorten it; for longer sessions, renew tokens',
  });
}

/** Whether a value is a Standard Schema; some libraries make functions of theirs. */
export function isSchema(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard: unknown = (value as { readonly '~standard'?: unknown })['~standard'];
  return typeof (standard as { readonly validate?: unknown } | undefined)?.validate === 'function';
}
