import { randomUUID } from 'node:crypto';
import type { Jwk } from '../jws/jwk.ts';
import { publicJwkOf } from '../jws/signing-key.ts';

/** A private key, and since when it is what it is: published, or in use. Times are milliseconds since 1970. */
export interface RingKey {
  readonly jwk: Jwk;
  readonly since: number;
}

/** The public half of a key that signs no more, and until when its tokens are taken. */
export interface RetiredKey {
  readonly jwk: Jwk;
  readonly until: number;
}

/** The keys that take turns. */
export interface Ring {
  /** Random: another ring in the same place is another one. */
  readonly id: string;
  /** When it was made: one that is older than a ring that was seen is a copy that somebody has put back. */
  readonly born: number;
  /** Counts its changes; a lower one than was seen before is an old copy. */
  readonly generation: number;
  readonly current: RingKey;
  /** Published and not in use yet, so that whoever verifies knows it before it signs. */
  readonly next: RingKey;
  readonly previous: readonly RetiredKey[];
}

/** When keys change. Milliseconds. */
export interface RingRules {
  readonly rotateEvery: number;
  /** How long the next key must have been published before it signs: longer than anyone keeps the set. */
  readonly publishFor: number;
  /** How long the tokens of a key are taken after it has signed its last: the longest life of a token. */
  readonly keepFor: number;
}

/** The first ring of a place. Its current key signs at once: nobody can have an older set. */
export function firstRing(current: Jwk, next: Jwk, at: number): Ring {
  return {
    id: randomUUID(),
    born: at,
    generation: 1,
    current: { jwk: current, since: at },
    next: { jwk: next, since: at },
    previous: [],
  };
}

/** Whether the current key has served its time, and the next one is known to everybody. */
export function isDue(ring: Ring, at: number, { rotateEvery, publishFor }: RingRules): boolean {
  return at - ring.current.since >= rotateEvery && isPublished(ring, at, { publishFor });
}

/** Whether the next key has been published long enough. */
export function isPublished(ring: Ring, at: number, { publishFor }: Pick<RingRules, 'publishFor'>): boolean {
  return at - ring.next.since >= publishFor;
}

/** The next key becomes the current one, and `fresh` the next. Of the old one only the public half is kept. */
export function turn(ring: Ring, fresh: Jwk, at: number, { keepFor }: RingRules): Ring {
  const retired = { jwk: publicJwkOf(ring.current.jwk), until: at + keepFor };
  return {
    id: ring.id,
    born: ring.born,
    generation: ring.generation + 1,
    current: { jwk: ring.next.jwk, since: at },
    next: { jwk: fresh, since: at },
    previous: [retired, ...ring.previous].filter(({ until }) => until > at),
  };
}

/** Every key is dropped: tokens that they signed end now. */
export function replaceAll(ring: Ring, current: Jwk, next: Jwk, at: number): Ring {
  return { ...firstRing(current, next, at), id: ring.id, born: ring.born, generation: ring.generation + 1 };
}
