import { createHash, randomBytes, scryptSync } from 'node:crypto';
import bcryptjs from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { ALONE } from '../../context.ts';
import type { EventInput } from '../../events.ts';
import { loadArgon2 } from './argon2.ts';
import { readStored } from './formats/read-stored.ts';
import { passwords } from './index.ts';

const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
const unpadded = (text: string): string => text.replace(/=+$/, '');

/** What others have published: the tests of argon2's reference code, jBCrypt's, RFC 7914, RFC 6070. */
const PUBLISHED: readonly (readonly [name: string, password: string, stored: string])[] = [
  ['argon2id', 'password', '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'],
  ['argon2i', 'password', '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA'],
  ['argon2i 1.0', 'password', '$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ'],
  ['bcrypt $2a$', 'a', '$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe'],
  [
    'scrypt',
    'pleaseletmein',
    `$scrypt$ln=14,r=8,p=1$${unpadded(Buffer.from('SodiumChloride').toString('base64'))}$${unpadded(
      base64(
        '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
      ),
    )}`,
  ],
  [
    'PBKDF2 with SHA-256',
    'Password',
    `pbkdf2_sha256$80000$NaCl$${base64('4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56')}`,
  ],
  ['PBKDF2 with SHA-1', 'password', `pbkdf2_sha1$4096$salt$${base64('4b007901b765489abead49d926f721d065a429c1')}`],
];

const hexSalt = randomBytes(16).toString('hex');
const betterAuth = (password: string): string =>
  `${hexSalt}:${scryptSync(password.normalize('NFKC'), hexSalt, 64, { N: 16_384, r: 16, maxmem: 2 ** 26 }).toString('hex')}`;
const nodeKey = (password: string): string => scryptSync(password, hexSalt, 64).toString('hex');

/** What the libraries write that apps have. */
const WRITTEN: readonly (readonly [name: string, write: (password: string) => string])[] = [
  ['bcryptjs', (password) => bcryptjs.hashSync(password, 4)],
  ['$2y$ of PHP', (password) => bcryptjs.hashSync(password, 4).replace(/^\$2.\$/, '$2y$')],
  ['bcrypt behind Django’s name', (password) => `bcrypt$${bcryptjs.hashSync(password, 4)}`],
  ['argon2d', (password) => loadArgon2().hashSync(password, { algorithm: 0, memoryCost: 64, timeCost: 1 })],
  ['argon2id with four lanes', (password) => loadArgon2().hashSync(password, { memoryCost: 4096, parallelism: 4 })],
  ['argon2 behind Django’s name', (password) => `argon2${loadArgon2().hashSync(password, {})}`],
  ['better-auth', betterAuth],
  ['lucia', (password) => `s2:${betterAuth(password)}`],
  ['salt:key of node', (password) => `${hexSalt}:${nodeKey(password)}`],
  ['key.salt of node', (password) => `${nodeKey(password)}.${hexSalt}`],
];

const events: EventInput[] = [];
const { verify } = passwords({ target: false }, { ...ALONE, emit: (event) => events.push(event) });

describe('stored hashes of others', () => {
  it.each(PUBLISHED)('%s, as published', async (_name, password, stored) => {
    const { ok, rehash } = await verify(password, stored);
    expect(ok).toBe(true);
    expect(rehash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await verify(password, rehash)).toEqual({ ok: true });
    expect(await verify(`${password}!`, stored)).toEqual({ ok: false });
  });

  it.each(WRITTEN)('%s', async (_name, write) => {
    const password = 'Zwölf Boxkämpfer jagen Viktor';
    const stored = write(password);
    const { ok, rehash } = await verify(password, stored);
    expect([ok, rehash?.startsWith('$argon2id$')]).toEqual([true, true]);
    expect(await verify('Zwölf Boxkämpfer jagen Eva', stored)).toEqual({ ok: false });
  });

  it.each(WRITTEN)('%s: made of a text that nobody normalised, or of the normalised one', async (name, write) => {
    const [composed, decomposed] = ['Caf\u00e9 am Fluss', 'Cafe\u0301 am Fluss'];
    expect((await verify(decomposed, write(decomposed))).ok).toBe(true);
    expect((await verify(decomposed, write(composed))).ok).toBe(true);
    const { ok, rehash } = await verify(composed, write(composed));
    expect([name, ok]).toEqual([name, true]);
    // From now on it does not matter which keyboard it is.
    expect((await verify(decomposed, rehash)).ok).toBe(true);
  });

  it('a hash of another password, whose digest was cut to a byte, is none', () => {
    const stored = `$scrypt$ln=14,r=8,p=1$${'A'.repeat(22)}$AA`;
    expect(readStored(stored, { memory: 65_536 })).toHaveProperty('problem');
    expect(readStored('$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AA', { memory: 65_536 })).toHaveProperty('problem');
  });
});

describe('bcrypt beyond 72 bytes', () => {
  const first = 'x'.repeat(70);
  const stored = bcryptjs.hashSync(`${first}yz the rest`, 4);

  it('control: bcryptjs takes any tail', () => {
    expect(bcryptjs.compareSync(`${first}yz another rest`, stored)).toBe(true);
  });

  it('is no match, and says so to the app where the first 72 are right', async () => {
    expect(await verify(`${first}yz another rest`, stored)).toEqual({ ok: false, truncated: true });
    expect(await verify(`${first}yz the rest`, stored)).toEqual({ ok: false, truncated: true });
    expect(await verify(`${first}y! the rest`, stored)).toEqual({ ok: false });
  });

  it('counts bytes, not characters', async () => {
    const password = 'ж'.repeat(36);
    expect((await verify(password, bcryptjs.hashSync(password, 4))).ok).toBe(true);
    const longer = `${password}ж`;
    expect(await verify(longer, bcryptjs.hashSync(longer, 4))).toEqual({ ok: false, truncated: true });
  });

  it('with insecureTruncatedBcrypt it passes once, and is then hashed as a whole', async () => {
    const lenient = passwords({ target: false, insecureTruncatedBcrypt: true });
    const { ok, rehash } = await lenient.verify(`${first}yz the rest`, stored);
    expect(ok).toBe(true);
    expect(await lenient.verify(`${first}yz another rest`, rehash)).toEqual({ ok: false });
    expect(await lenient.verify(`${first}yz the rest`, rehash)).toEqual({ ok: true });
  });

  it('our own hash takes the last of 4096 characters into account', async () => {
    const { hash } = passwords({ target: false });
    const long = await hash(`${'x'.repeat(4095)}a`);
    expect((await verify(`${'x'.repeat(4095)}a`, long)).ok).toBe(true);
    expect((await verify(`${'x'.repeat(4095)}b`, long)).ok).toBe(false);
  });
});

describe('what cannot be used', () => {
  const salt = unpadded(randomBytes(16).toString('base64'));
  const digest = unpadded(createHash('sha256').update('x').digest('base64'));

  it.each([
    ['4 GiB', `$argon2id$v=19$m=4194304,t=1,p=1$${salt}$${digest}`],
    ['a million passes', `$argon2id$v=19$m=19456,t=1000000,p=1$${salt}$${digest}`],
    ['no memory', `$argon2id$v=19$m=0,t=1,p=1$${salt}$${digest}`],
    ['255 lanes', `$argon2id$v=19$m=19456,t=2,p=255$${salt}$${digest}`],
    ['more digits than a number has', `$argon2id$v=19$m=${'9'.repeat(99)},t=1,p=1$${salt}$${digest}`],
    ['bcrypt of 2^31 rounds', `$2b$31$${'a'.repeat(53)}`],
    ['the broken $2x$', bcryptjs.hashSync('a', 4).replace(/^\$2.\$/, '$2x$')],
    ['scrypt of 2^40', `$scrypt$ln=40,r=8,p=1$${salt}$${digest}`],
    ['scrypt of a million lanes', `$scrypt$ln=1,r=1,p=1000000$${salt}$${digest}`],
    ['PBKDF2 of a billion rounds', `pbkdf2_sha256$1000000000$salt$${base64('00'.repeat(32))}`],
    ['another format', '$5$rounds=5000$saltstring$hash'],
    ['MD5', createHash('md5').update('a').digest('hex')],
    ['the password itself', 'correct horse battery staple'],
    ['a megabyte', `$argon2id$${'A'.repeat(1_000_000)}`],
    ['bytes of a driver', Buffer.from('$2b$04$') as unknown as string],
  ])('%s is a wrong password, and an event', async (_name, stored) => {
    expect(readStored(stored, { memory: 262_144 })).toHaveProperty('problem');
    const heard: EventInput[] = [];
    const strict = passwords({ target: false }, { ...ALONE, emit: (event) => heard.push(event) });
    expect(await strict.verify('a', stored)).toEqual({ ok: false });
    expect(heard.map(({ event, level }) => [event, level])).toEqual([['sys_password_hash_unreadable', 'WARN']]);
    expect(strict.report().unreadable).toBe(1);
    // Neither the hash nor the password stands in it.
    expect(JSON.stringify(heard)).not.toMatch(/correct horse|AAAA|\$/);
  });

  it('none of the good ones was reported', () => {
    expect(events).toEqual([]);
  });
});
