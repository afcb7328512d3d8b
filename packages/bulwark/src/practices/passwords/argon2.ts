import { createRequire } from 'node:module';

type Argon2 = typeof import('@node-rs/argon2');

/** What one hash costs: memory in KiB, and passes over it. One lane. */
export interface Argon2Parameters {
  readonly memory: number;
  readonly time: number;
}

/** OWASP's minimum for argon2id (Password Storage Cheat Sheet; ASVS 5.0 11.4.2). Nothing is hashed with less. */
export const FLOOR: Argon2Parameters = { memory: 19_456, time: 2 };

/** The library's numbers; its enums exist for the compiler only. */
const KINDS = { argon2d: 0, argon2i: 1, argon2id: 2 } as const;

/** A variant of argon2. */
export type Argon2Kind = keyof typeof KINDS;

/** Everything that makes an argon2 digest, beside the password. */
export interface Argon2Recipe extends Argon2Parameters {
  readonly kind: Argon2Kind;
  /** 19 is 1.3, 16 is 1.0. */
  readonly version: 16 | 19;
  readonly lanes: number;
  readonly salt: Buffer;
  readonly bytes: number;
}

let loaded: Argon2 | undefined;

/** Loads the native library, once: an app without passwords never does. */
export function loadArgon2(): Argon2 {
  loaded ??= createRequire(import.meta.url)('@node-rs/argon2') as Argon2;
  return loaded;
}

/** A digest, made on a thread of the pool. */
export function digest(password: string, recipe: Argon2Recipe): Promise<Buffer> {
  return loadArgon2().hashRaw(password, {
    algorithm: KINDS[recipe.kind],
    version: recipe.version === 16 ? 0 : 1,
    memoryCost: recipe.memory,
    timeCost: recipe.time,
    parallelism: recipe.lanes,
    outputLen: recipe.bytes,
    salt: recipe.salt,
  });
}

/** A new hash string, in the PHC format: algorithm, version and parameters stand in it, and every other library reads it. */
export function hashString(password: string, { memory, time }: Argon2Parameters): Promise<string> {
  return loadArgon2().hash(password, {
    algorithm: KINDS.argon2id,
    version: 1,
    memoryCost: memory,
    timeCost: time,
    parallelism: 1,
    outputLen: 32,
  });
}
