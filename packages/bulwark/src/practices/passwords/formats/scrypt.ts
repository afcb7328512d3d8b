import { scrypt, timingSafeEqual } from 'node:crypto';
import { spellings } from '../text.ts';
import { always, type Ceiling, count, fromBase64, type Reading } from './contract.ts';

const PHC = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]{11,128})\$([^$]{22,172})$/;
const COLON = /^([0-9a-f]{16,128}):([0-9a-f]{64,256})$/;
const DOT = /^([0-9a-f]{64,256})\.([0-9a-f]{16,128})$/;

/** N · r · p: two seconds or so. OWASP's has 2^20. */
const MOST_WORK = 2 ** 22;

interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

const BETTER_AUTH: Cost = { N: 16_384, r: 16, p: 1 };
const NODE: Cost = { N: 16_384, r: 8, p: 1 };

/**
 * scrypt: `$scrypt$ln=…,r=…,p=…$salt$hash`, better-auth's and lucia's `salt:key`, and `salt:key` or `key.salt` as node's
 * users write it, with node's own parameters. In the hexadecimal ones the salt is its own text.
 */
export function readScrypt(stored: string, ceiling: Ceiling): Reading {
  const phc = PHC.exec(stored);
  if (phc !== null) return readPhc(phc, ceiling);
  const colon = COLON.exec(stored.replace(/^s2:/, ''));
  const dot = DOT.exec(stored);
  const salt = colon?.[1] ?? dot?.[2];
  const key = colon?.[2] ?? dot?.[1];
  if (salt === undefined || key === undefined || key.length % 2 === 1) return undefined;
  const expected = Buffer.from(key, 'hex');
  return {
    scheme: 'scrypt',
    tries: (password) => [
      ...(dot === null ? [() => fits(password.normalize('NFKC'), salt, BETTER_AUTH, expected)] : []),
      ...spellings(password).map((spelling) => () => fits(spelling, salt, NODE, expected)),
    ],
    isWeaker: always,
  };
}

function readPhc(match: RegExpExecArray, ceiling: Ceiling): Reading {
  const [ln, r, p] = [count(match[1]), count(match[2]), count(match[3])];
  const [salt, expected] = [fromBase64(match[4]), fromBase64(match[5])];
  if (salt === undefined || expected === undefined) return undefined;
  if (!(ln >= 1 && r >= 1 && p >= 1)) return { problem: 'its parameters are impossible' };
  const cost: Cost = { N: 2 ** ln, r, p };
  if (!(cost.N * r * p <= MOST_WORK && (cost.N * r) / 8 <= ceiling.memory && r * p <= 1024)) {
    return { problem: 'it would cost too much memory or time' };
  }
  return {
    scheme: 'scrypt',
    tries: (password) => spellings(password).map((spelling) => () => fits(spelling, salt, cost, expected)),
    isWeaker: always,
  };
}

function fits(password: string, salt: string | Buffer, cost: Cost, expected: Buffer): Promise<boolean> {
  const maxmem = 128 * cost.r * (cost.N + cost.p + 2) + 1024 * 1024;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, expected.length, { ...cost, maxmem }, (error, key) => {
      if (error === null) resolve(timingSafeEqual(key, expected));
      else reject(error);
    });
  });
}
