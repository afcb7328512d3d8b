import { timingSafeEqual } from 'node:crypto';
import { type Argon2Kind, type Argon2Recipe, digest, FLOOR } from '../argon2.ts';
import { costOf, MOST_WORK } from '../calibrate.ts';
import { spellings } from '../text.ts';
import { type Ceiling, count, fromBase64, type Reading } from './contract.ts';

// Django writes the name of its hasher in front. Without v=, it is version 1.0.
const SHAPE =
  /^(?:argon2)?\$(argon2id|argon2i|argon2d)\$(?:v=(16|19)\$)?m=(\d+),t=(\d+),p=(\d+)\$([^$]{11,128})\$([^$]{16,128})$/;

/** argon2id, argon2i and argon2d, of any library that writes PHC strings. */
export function readArgon2(stored: string, ceiling: Ceiling): Reading {
  const match = SHAPE.exec(stored);
  if (match === null) return undefined;
  const [, kind, v = '16', m, t, p] = match;
  const [memory, time, lanes] = [count(m), count(t), count(p)];
  const [salt, expected] = [fromBase64(match[6]), fromBase64(match[7])];
  if (salt === undefined || expected === undefined || salt.length < 8 || expected.length < 12) return undefined;
  if (!(time >= 1 && lanes >= 1 && memory >= 8 * lanes)) return { problem: 'its parameters are impossible' };
  if (!(memory <= ceiling.memory && memory * time <= MOST_WORK && lanes <= 16)) {
    return { problem: 'it would cost too much memory or time' };
  }
  const version = v === '19' ? 19 : 16;
  const recipe: Argon2Recipe = { kind: kind as Argon2Kind, version, memory, time, lanes, salt, bytes: expected.length };
  return {
    scheme: recipe.kind,
    tries: (password) =>
      spellings(password).map((spelling) => async () => timingSafeEqual(await digest(spelling, recipe), expected)),
    // Work is compared, not each figure: two machines that chose differently would else hash anew at each change.
    isWeaker: (than) =>
      stored.startsWith('argon2$') ||
      kind !== 'argon2id' ||
      version !== 19 ||
      memory < FLOOR.memory ||
      costOf({ memory, time }) < costOf(than) ||
      salt.length < 16 ||
      expected.length < 32,
  };
}
