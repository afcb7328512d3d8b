import { pbkdf2, timingSafeEqual } from 'node:crypto';
import { spellings } from '../text.ts';
import { always, count, fromBase64, type Reading } from './contract.ts';

const SHAPE = /^pbkdf2_(sha256|sha1)\$(\d+)\$([^$]{1,128})\$([^$]{27,88})$/;
/** Django 6 has 1,200,000. */
const MOST_ITERATIONS = 5_000_000;

/** PBKDF2 as Django writes it: `pbkdf2_sha256$iterations$salt$hash`. */
export function readPbkdf2(stored: string): Reading {
  const match = SHAPE.exec(stored);
  if (match === null) return undefined;
  const [, hash = '', digits, salt = '', text] = match;
  const expected = fromBase64(text);
  if (expected?.length !== (hash === 'sha1' ? 20 : 32)) return undefined;
  const iterations = count(digits);
  if (!(iterations >= 1 && iterations <= MOST_ITERATIONS)) return { problem: 'it would cost too much time' };
  const fits = (password: string): Promise<boolean> =>
    new Promise((resolve, reject) => {
      pbkdf2(password, salt, iterations, expected.length, hash, (error, key) => {
        if (error === null) resolve(timingSafeEqual(key, expected));
        else reject(error);
      });
    });
  return {
    scheme: 'pbkdf2',
    tries: (password) => spellings(password).map((spelling) => () => fits(spelling)),
    isWeaker: always,
  };
}
