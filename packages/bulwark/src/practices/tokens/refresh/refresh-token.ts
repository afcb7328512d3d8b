import { createHmac, randomBytes } from 'node:crypto';
import { hashOf } from '../hash.ts';
import { decodeBase64url } from '../jws/base64url.ts';

/**
 * A refresh token: what all tokens of its family have in common, and what only this one has; 256 bits each.
 *
 * The store knows the hash of both. Only who has had a token of a family can name it, so nobody else can end it by showing
 * a wrong one.
 */
export interface RefreshToken {
  readonly family: string;
  readonly turn: string;
}

const FORM = /^bwr_([\w-]{43})\.([\w-]{43})$/;
const LENGTH = 91;

/** Reads a refresh token in its one spelling; undefined for any other text. */
export function readRefreshToken(text: unknown): RefreshToken | undefined {
  if (typeof text !== 'string' || text.length !== LENGTH) return undefined;
  const [, family = '', turn = ''] = FORM.exec(text) ?? [];
  const isStrict = decodeBase64url(family)?.length === 32 && decodeBase64url(turn)?.length === 32;
  return isStrict ? { family, turn } : undefined;
}

/** Writes a refresh token. */
export function writeRefreshToken({ family, turn }: RefreshToken): string {
  return `bwr_${family}.${turn}`;
}

/** 256 random bits. */
export function randomPart(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The token that follows: an HMAC of the server's salt with the token that is shown. So the same successor can be given to
 * two requests that raced, and it lies nowhere: the store has the salt, and only the client has the token.
 */
export function successorOf(turn: string, salt: string): string {
  return createHmac('sha256', turn).update(`bulwark/tokens/refresh/v1\0${salt}`).digest('base64url');
}

/** The key of a family's record. */
export function keyOfFamily(family: string): string {
  return `token-family:${hashOf(family)}`;
}
