import { readArgon2 } from './argon2.ts';
import { readBcrypt } from './bcrypt.ts';
import type { Ceiling, StoredHash } from './contract.ts';
import { readPbkdf2 } from './pbkdf2.ts';
import { readScrypt } from './scrypt.ts';

/** No hash string of these formats is longer. */
const LONGEST = 512;

/**
 * Reads a stored hash; nothing is computed yet. What would cost absurd time or memory is refused: whoever can write a row
 * must not be able to stop the server with it.
 */
export function readStored(stored: unknown, ceiling: Ceiling): StoredHash | { readonly problem: string } {
  if (typeof stored !== 'string') return { problem: `it is no text (${typeof stored})` };
  if (stored.length > LONGEST) return { problem: 'it is too long' };
  return (
    readArgon2(stored, ceiling) ??
    readBcrypt(stored) ??
    readScrypt(stored, ceiling) ??
    readPbkdf2(stored) ?? { problem: 'its format is none of those that are known' }
  );
}
