import { createRequire } from 'node:module';
import { spellings } from '../text.ts';
import { always, type Outcome, type Reading } from './contract.ts';

type Bcrypt = typeof import('@node-rs/bcrypt');

const SHAPE = /^(?:bcrypt\$)?(\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{53})$/;
/** bcrypt reads so many bytes, and no more. */
const READ = 72;
/** Each step doubles the time; 14 is a second. */
const MOST_COST = 14;

let loaded: Bcrypt | undefined;

function verify(password: Uint8Array, hash: string): Promise<boolean> {
  loaded ??= createRequire(import.meta.url)('@node-rs/bcrypt') as Bcrypt;
  return loaded.verify(password, hash);
}

/** bcrypt: `$2a$`, `$2b$` and `$2y$`. */
export function readBcrypt(stored: string): Reading {
  const match = SHAPE.exec(stored);
  if (match === null) return undefined;
  const [, hash = '', cost] = match;
  // crypt_blowfish's old bug: characters over 127 swallow their neighbours, so that other passwords fit too.
  if (hash.startsWith('$2x$')) return { problem: 'it was made by a broken bcrypt (2x)' };
  if (Number(cost) < 4 || Number(cost) > MOST_COST) return { problem: 'it would cost too much time' };
  return {
    scheme: 'bcrypt',
    tries: (password) => spellings(password).map((spelling) => () => check(spelling, hash)),
    isWeaker: always,
  };
}

/** All of them cost the same: which rule refused must not be read off a clock. */
async function check(password: string, hash: string): Promise<Outcome> {
  const bytes = Buffer.from(password, 'utf8');
  const fits = await verify(bytes.subarray(0, READ), hash);
  // bcrypt repeats the password with a NUL behind it: `a`, NUL, `a` is the same to it as `a`.
  if (!fits || bytes.includes(0)) return false;
  // 72 bytes that are right may be the beginning of a longer password: that a hash does not tell. They are let pass: whoever
  // knows 72 bytes has not guessed them, and the new hash is of exactly what was typed.
  return bytes.length > READ ? 'truncated' : true;
}
