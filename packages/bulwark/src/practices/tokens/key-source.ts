import type { Services } from '../../context.ts';
import { ConfigError } from '../../errors.ts';
import { parseDuration } from '../../units.ts';
import { sealOf } from './encryption-key.ts';
import type { Records } from './fail-closed.ts';
import { JWKS_MAX_AGE } from './jwks-endpoint.ts';
import type { ResolvedTokensOptions } from './options.ts';
import { createGivenKeys, createKeyRing, type KeySource, RECHECK } from './ring/key-ring.ts';
import { createSealer } from './ring/sealer.ts';
import { CLOCK_TOLERANCE } from './tolerance.ts';

const YEAR = 366 * 86_400_000;

/**
 * The keys that the options name: the app's own, or a ring.
 *
 * @param life - of an access token, milliseconds
 * @throws ConfigError
 */
export function keySource(
  options: ResolvedTokensOptions,
  records: Records,
  life: number,
  services: Services,
): KeySource {
  const { signing, verifying, ring, rotateEvery } = options.keys;
  if (signing !== undefined) return createGivenKeys({ signing, verifying: verifying ?? [] });
  const { secrets, place } = sealOf(options.encryptionKey, ring, services);
  const publishFor = 2 * JWKS_MAX_AGE;
  return createKeyRing({
    records,
    place,
    algorithm: options.algorithm,
    rules: {
      rotateEvery: between(rotateEvery, 'keys.rotateEvery', publishFor, YEAR),
      publishFor,
      // Another process may sign with the old key until it looks at the ring again.
      keepFor: life + RECHECK + 2 * CLOCK_TOLERANCE,
    },
    sealer: createSealer(secrets, place),
    emit: services.emit,
    now: options.now,
  });
}

/**
 * Reads a duration within bounds.
 *
 * @throws ConfigError
 */
export function between(value: number | string, name: string, least: number, most: number): number {
  const field = `tokens.${name}`;
  const milliseconds = value === 0 ? 0 : parseDuration(value, field);
  if (milliseconds >= least && milliseconds <= most) return milliseconds;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `it must be ${least / 1000} s at the least, and ${most / 1000} s at the most`,
    fix: 'write a duration such as "15m"; a number is milliseconds',
  });
}
