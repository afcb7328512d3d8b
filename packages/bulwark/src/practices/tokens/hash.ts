import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * SHA-256 as base64url: how what is random is kept. 256 random bits need no slow hash: there is nothing to guess.
 *
 * @example hashOf(token) // 43 characters
 */
export function hashOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url');
}

/** Whether two hashes of {@link hashOf} are one, in a time that does not say where they differ. */
export function isSameHash(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
