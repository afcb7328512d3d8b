import { isUtf8 } from 'node:buffer';
import type { KeyObject } from 'node:crypto';
import { judgeSecret, KEY_FLOOR } from '../../secrets/judge-secret.ts';
import { badKey } from '../jws/jwk.ts';

/** Of 32 random bytes about 30 differ; under half of them by chance never. */
const LEAST_DIFFERENT = 16;

/**
 * Refuses an HMAC key that is long enough and can be guessed all the same: a sentence, a sample of a tutorial, one byte
 * over and over. Whoever has one token tries keys on his own machine, as fast as he likes (CWE-1391).
 *
 * @throws ConfigError `ERR_TOKEN_KEY`
 */
export function checkHmacStrength(key: KeyObject, field: string): void {
  const bytes = key.export();
  const text = bytes.toString('utf8');
  // Random bytes are no text, but by a chance that nobody has.
  const weakness = isUtf8(bytes) ? judgeSecret(text, KEY_FLOOR)?.problem : undefined;
  const isDull = new Set(bytes).size < LEAST_DIFFERENT;
  const isHex = /^[\da-f]+$/i.test(text);
  const problem = weakness ?? (isDull && !isHex ? 'repeats itself' : undefined);
  if (problem !== undefined) throw badKey(field, `the HMAC key ${problem}`, 'make one with generateTokenKey("HS256")');
}
