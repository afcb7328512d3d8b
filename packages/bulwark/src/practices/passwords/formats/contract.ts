import type { Argon2Parameters } from '../argon2.ts';

/** What a try says; `truncated`: the first 72 bytes are right, and the hash holds no more of the password. */
export type Outcome = boolean | 'truncated';

/** A stored hash that was read, and may be computed. */
export interface StoredHash {
  readonly scheme: string;
  /** The ways in which the old system may have hashed this password, the likeliest first. */
  tries(password: string): readonly (() => Promise<Outcome>)[];
  /** Whether it is worth a new hash with these parameters. */
  isWeaker(than: Argon2Parameters): boolean;
}

/** What a format says of a stored text: undefined where it is not its own. */
export type Reading = StoredHash | { readonly problem: string } | undefined;

/** What checking one stored hash may cost at the most. */
export interface Ceiling {
  /** KiB. */
  readonly memory: number;
}

/** For every format but the present one: any of them is worth a new hash. */
export const always = (): boolean => true;

/** A whole number from a stored text; NaN where it is too long to be one that could be meant. */
export function count(digits: string | undefined): number {
  return digits !== undefined && /^\d{1,10}$/.test(digits) ? Number(digits) : Number.NaN;
}

/** Base64 as hash strings have it: without padding, or with; undefined where it is not that. */
export function fromBase64(text: string | undefined): Buffer | undefined {
  if (text === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}
