import { type JWK, jwtVerify } from 'jose';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { b64, type Signer, signer, signerOf } from '../fixtures/forge.ts';
import { RFC_VECTORS } from '../fixtures/rfc-vectors.ts';
import { issueToken } from './issue-token.ts';
import { tokenVerifier, type VerifyTokenOptions, verifyToken } from './verify-token.ts';

const ISSUER = 'https://login.shop.example';
const AUDIENCE = 'https://api.shop.example';
const NOW = 1_800_000_000;
const now = (): number => NOW * 1000;
const CLAIMS = { iss: ISSUER, aud: AUDIENCE, sub: 'u7', iat: NOW, exp: NOW + 900 };

let by: Signer;
let hs: Signer;
beforeAll(async () => {
  [by, hs] = await Promise.all([signer('EdDSA'), signer('HS256')]);
});

const header = (more: object = {}): object => ({ alg: by.algorithm, kid: by.jwk.kid, typ: 'at+jwt', ...more });
const craft = (claims: object = {}, more: object = {}): string => by.sign(header(more), { ...CLAIMS, ...claims });
const options = (): VerifyTokenOptions => ({ keys: by.known, issuer: ISSUER, audience: AUDIENCE, now });
const outcome = async (token: string, more: object = {}): Promise<unknown> => {
  try {
    await verifyToken(token, { ...options(), ...more });
    return 'accepted';
  } catch (error) {
    return (error as { readonly fault?: string }).fault ?? error;
  }
};

describe('verifyToken()', () => {
  it('gives the claims, frozen', async () => {
    const claims = await verifyToken(craft({ role: 'clerk', list: ['a'] }), options());
    expect(claims).toEqual({ ...CLAIMS, role: 'clerk', list: ['a'] });
    expect([claims, claims.list].every((value) => Object.isFrozen(value))).toBe(true);
  });

  it('demands what every token must have', async () => {
    expect(await outcome(craft())).toBe('accepted');
    const missing = { iss: 'issuer', aud: 'audience', exp: 'expiry' };
    for (const [claim, fault] of Object.entries(missing)) {
      for (const value of [undefined, null, '', 0, {}, [], [''], true]) {
        const wrong = claim === 'exp' && value === 0 ? 'expired' : fault;
        expect([claim, value, await outcome(craft({ [claim]: value }))]).toEqual([claim, value, wrong]);
      }
    }
    expect(await outcome(craft({}, { typ: undefined }))).toBe('typ');
  });

  it('compares the issuer exactly', async () => {
    for (const iss of [`${ISSUER}/`, ISSUER.toUpperCase(), `${ISSUER} `, [ISSUER], 'https://evil.example']) {
      expect(await outcome(craft({ iss }))).toBe('issuer');
    }
  });

  it('wants to be one of the audience', async () => {
    for (const aud of [AUDIENCE, [AUDIENCE], ['x', AUDIENCE]]) expect(await outcome(craft({ aud }))).toBe('accepted');
    for (const aud of ['x', ['x'], `${AUDIENCE}/`, [[AUDIENCE]], [AUDIENCE, 5], { 0: AUDIENCE }, AUDIENCE.slice(1)]) {
      expect(await outcome(craft({ aud }))).toBe('audience');
    }
    expect(await outcome(craft(), { audience: ['y', AUDIENCE] })).toBe('accepted');
    expect(await outcome(craft(), { audience: ['y', 'z'] })).toBe('audience');
  });

  it('compares the type as a media type', async () => {
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) {
      expect(await outcome(craft({}, { typ }))).toBe('accepted');
    }
    for (const typ of ['JWT', 'at+jwt ', 'at jwt', 'x/at+jwt', 'application/application/at+jwt', 'rt+jwt', '']) {
      expect(await outcome(craft({}, { typ }))).toBe('typ');
    }
    expect(await outcome(craft({}, { typ: 'JWT' }), { typ: 'jwt' })).toBe('accepted');
    expect(await outcome(craft({}, { typ: 'at+jwt' }), { typ: 'JWT' })).toBe('typ');
    // Only what has no other slash is short for it.
    expect(await outcome(craft({}, { typ: 'x/y' }), { typ: 'x/y' })).toBe('accepted');
    expect(await outcome(craft({}, { typ: 'application/x/y' }), { typ: 'x/y' })).toBe('typ');
    expect(await outcome(craft({}, { cty: 'JWT' }))).toBe('header');
  });

  it('holds it to its times, within the tolerance', async () => {
    const cases: readonly (readonly [claims: object, outcome: string])[] = [
      [{ exp: NOW + 1 }, 'accepted'],
      [{ exp: NOW - 4 }, 'accepted'],
      [{ exp: NOW - 5 }, 'expired'],
      [{ exp: NOW - 900, iat: NOW - 1800 }, 'expired'],
      [{ nbf: NOW + 5 }, 'accepted'],
      [{ nbf: NOW + 6 }, 'not-yet'],
      [{ nbf: String(NOW) }, 'not-yet'],
      [{ iat: NOW + 5 }, 'accepted'],
      [{ iat: NOW + 6 }, 'issued-at'],
      [{ iat: -1 }, 'issued-at'],
      [{ iat: '1' }, 'issued-at'],
      [{ iat: undefined }, 'accepted'],
      [{ exp: NOW + 86_400 }, 'accepted'],
      [{ exp: NOW + 86_401 }, 'lifetime'],
      [{ exp: NOW + 86_401, iat: undefined }, 'lifetime'],
      [{ exp: String(NOW + 900) }, 'expiry'],
      [{ exp: 1e300 }, 'expiry'],
    ];
    for (const [claims, expected] of cases) expect([claims, await outcome(craft(claims))]).toEqual([claims, expected]);
    expect(await outcome(craft({ exp: NOW }), { clockTolerance: 0 })).toBe('expired');
    expect(await outcome(craft({ exp: NOW - 59 }), { clockTolerance: '1m' })).toBe('accepted');
    expect(await outcome(craft({ exp: NOW + 3600 }), { maxLifetime: '15m' })).toBe('lifetime');
    expect(await outcome(craft(), { now: () => Number.NaN })).toBe('expired');
    // JSON knows numbers that become Infinity.
    expect(await outcome(by.sign(header(), JSON.stringify(CLAIMS).replace(String(NOW + 900), '1e999')))).toBe(
      'payload',
    );
  });

  it('says in public only that a token of ours has expired', async () => {
    const reason = async (claims: object): Promise<string> => {
      return verifyToken(craft(claims), options()).then(
        String,
        (error: unknown) => (error as { readonly reason: string }).reason,
      );
    };
    expect(await reason({ exp: NOW - 900, iat: NOW - 1800 })).toBe('the token has expired');
    for (const claims of [{ iss: 'x', exp: 1 }, { aud: 'x', exp: 1 }, { nbf: NOW + 99 }]) {
      expect(await reason(claims)).toBe('the token is not accepted');
    }
  });

  it('reads strict JSON only', async () => {
    const json = JSON.stringify(CLAIMS);
    const twice = [json.replace('{', '{"sub":"root",'), json.replace('{', '{"s\\u0075b":"root",')];
    for (const payload of twice) expect(await outcome(by.sign(header(), payload))).toBe('duplicate-member');
    const unfit = [
      '',
      '[]',
      'null',
      '"x"',
      `${json}x`,
      `\ufeff${json}`,
      json.replace('{', '{"__proto__":{"admin":true},'),
    ];
    for (const payload of unfit) expect(await outcome(by.sign(header(), payload))).toBe('payload');
    // Decoded loosely, what is no UTF-8 would become U+FFFD, and two users one.
    expect(await outcome(by.sign(header(), Buffer.from(json.replace('u7', 'u\xff'), 'latin1')))).toBe('payload');
    expect(await outcome(by.sign(header(), json.replace('u7', 'u\xff')))).toBe('accepted');
    const deep = `${'{"a":'.repeat(20)}1${'}'.repeat(20)}`;
    expect(await outcome(by.sign(header(), deep))).toBe('payload');
  });

  it('refuses subjects and ids that are no text, and tokens that are too long', async () => {
    for (const name of ['sub', 'jti', 'sid']) {
      for (const value of ['', 5, null, {}, ['x']]) expect(await outcome(craft({ [name]: value }))).toBe('subject');
    }
    expect(await outcome(craft({ x: 'y'.repeat(5000) }))).toBe('accepted');
    expect(await outcome(craft({ x: 'y'.repeat(6100) }))).toBe('too-large');
  });

  it('asks for the keys each time where they are a function', async () => {
    const other = await signer('EdDSA');
    let keys = by.known;
    const verify = tokenVerifier({ ...options(), keys: () => keys });
    await expect(verify(craft())).resolves.toMatchObject({ sub: 'u7' });
    keys = other.known;
    await expect(verify(craft())).rejects.toMatchObject({ fault: 'kid-unknown' });
  });

  it('takes the algorithm of the key, of those that tokens have unless others are named', async () => {
    for (const algorithm of ['EdDSA', 'ES256', 'RS256', 'HS256', 'ES384', 'PS256', 'HS512'] as const) {
      const other = await signer(algorithm);
      const token = other.sign({ alg: algorithm, kid: other.jwk.kid, typ: 'at+jwt' }, CLAIMS);
      const isUsual = ['EdDSA', 'ES256', 'RS256', 'HS256'].includes(algorithm);
      expect([algorithm, await outcome(token, { keys: other.known })]).toEqual([
        algorithm,
        isUsual ? 'accepted' : 'algorithm',
      ]);
      expect(await outcome(token, { keys: other.known, algorithms: [algorithm] })).toBe('accepted');
    }
    expect(await outcome(craft(), { algorithms: ['ES256'] })).toBe('algorithm');
  }, 60_000);

  it('answers in the same turn: no hashing of passwords keeps it waiting, as it does jose', async () => {
    const verify = tokenVerifier(options());
    const token = craft();
    const hasTurned = async (work: () => Promise<unknown>): Promise<boolean> => {
      let turned = false;
      setImmediate(() => {
        turned = true;
      });
      await work();
      return turned;
    };
    expect(await hasTurned(() => jwtVerify(token, by.known as JWK, { currentDate: new Date(now()) }))).toBe(true);
    expect(await hasTurned(() => verify(token))).toBe(false);
  });

  it('RFC 7519 3.1: the example has expired long ago, and is for nobody', async () => {
    const [, , compact, key] = RFC_VECTORS[0] ?? ['', 'HS256', '', by.known];
    expect(await outcome(compact, { keys: key, typ: 'JWT', issuer: 'joe' })).toBe('audience');
    const again = signerOf({ ...key, kid: 'a1' }, 'HS256').sign(
      { typ: 'JWT', alg: 'HS256' },
      { iss: 'joe', exp: 1300819380, aud: AUDIENCE },
    );
    expect(await outcome(again, { keys: key, typ: 'JWT', issuer: 'joe' })).toBe('expired');
  });
});

describe('a schema', () => {
  const schema = z.object({
    sub: z.string(),
    role: z.enum(['clerk', 'customer']),
    since: z.string().transform(Number),
  });

  it('types the claims, and gives what it makes of them beside what every token has', async () => {
    const claims = await verifyToken(craft({ role: 'clerk', since: '2020', other: 1 }), { ...options(), schema });
    const role: 'clerk' | 'customer' = claims.role;
    const since: number = claims.since;
    const exp: number = claims.exp;
    expect([role, since, exp]).toEqual(['clerk', 2020, NOW + 900]);
    expect(claims).toEqual({ ...CLAIMS, role: 'clerk', since: 2020 });
  });

  it('that is not fulfilled refuses, with the fields in the log and no value anywhere', async () => {
    const error = await verifyToken(craft({ role: 'c4nary', since: 5 }), { ...options(), schema }).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ fault: 'schema', reason: 'the token is not accepted' });
    const { details, message } = error as { details: Record<string, string>; message: string };
    expect(Object.keys(details).sort()).toEqual(['role', 'since']);
    expect(JSON.stringify([details, message])).not.toContain('c4nary');
  });

  it('may be of any library, and asynchronous; what fails in it lets nothing pass', async () => {
    const asynchronous = z.object({ sub: z.string().refine(async (sub) => sub !== 'u7') });
    expect(await outcome(craft(), { schema: asynchronous })).toBe('schema');
    expect(await outcome(craft(), { schema: v.object({ role: v.string() }) })).toBe('schema');
    expect(await outcome(craft({ role: 'x' }), { schema: v.object({ role: v.string() }) })).toBe('accepted');
    expect(await outcome(craft(), { schema: z.any().transform(() => 5) })).toBe('schema');
    const broken = z.any().refine(() => {
      throw new Error('the database is down');
    });
    expect(await outcome(craft(), { schema: broken })).toMatchObject({ message: 'the database is down' });
  });
});

describe('options', () => {
  const expectWrong = async (more: object, field: string, code = 'ERR_CONFIG_VALUE'): Promise<void> => {
    expect(await outcome(craft(), more)).toMatchObject({
      name: 'ConfigError',
      code,
      field: expect.stringContaining(field),
    });
  };

  it.each(['issuer', 'audience'])('%s must be there', async (name) => {
    for (const value of [undefined, null, '', 5, [], ['']])
      await expectWrong({ [name]: value }, `verifyToken().${name}`);
  });

  it('are read strictly', async () => {
    await expectWrong({ keys: undefined }, 'keys', 'ERR_TOKEN_KEY');
    await expectWrong({ keys: () => undefined }, 'keys', 'ERR_TOKEN_KEY');
    await expectWrong({ algorithms: [] }, 'algorithms');
    await expectWrong({ algorithms: ['none'] }, 'algorithms');
    await expectWrong({ typ: '' }, 'typ');
    await expectWrong({ schema: {} }, 'schema');
    await expectWrong({ now: 5 }, 'now');
    for (const clockTolerance of ['3m', -1, 'x', Number.NaN]) await expectWrong({ clockTolerance }, 'clockTolerance');
    for (const maxLifetime of ['2d', -1]) await expectWrong({ maxLifetime }, 'maxLifetime');
    await expectWrong({ audiences: 'x' }, 'audiences', 'ERR_CONFIG_UNKNOWN_KEY');
    await expectWrong({ ignoreExpiration: true }, 'ignoreExpiration', 'ERR_CONFIG_UNKNOWN_KEY');
  });

  it('never quote a key', async () => {
    const error = await outcome(craft(), { keys: by.jwk });
    expect(error).toMatchObject({ code: 'ERR_TOKEN_KEY' });
    expect(String(error)).not.toContain(by.jwk.d);
  });
});

describe('HMAC keys', () => {
  it('that can be guessed are refused, and random ones are not', async () => {
    const weak = [
      'your-256-bit-secret-your-256-bit-secret',
      'this is my jwt secret for production use',
      'a'.repeat(64),
      'secret'.repeat(10),
      Buffer.from('unser Schlüssel für die Anmeldung im Geschäft').toString('latin1'),
      '0123456789abcdef0123456789abcdef',
      '\0'.repeat(32),
      Buffer.from([1, 2, 3, 4]).toString('latin1').repeat(16),
    ];
    for (const text of weak) {
      const jwk = { kty: 'oct', kid: 'k', alg: 'HS256', k: b64(Buffer.from(text, 'latin1')) };
      const token = signerOf(jwk, 'HS256').sign(header({ alg: 'HS256', kid: 'k' }), CLAIMS);
      // The control: jose verifies it.
      const { payload } = await jwtVerify(token, jwk as JWK, { currentDate: new Date(now()) });
      expect(payload.sub).toBe('u7');
      expect([text, await outcome(token, { keys: jwk })]).toMatchObject([text, { code: 'ERR_TOKEN_KEY' }]);
      await expect(issueToken({ sub: 'u7' }, { key: jwk, issuer: ISSUER, audience: AUDIENCE })).rejects.toThrow(
        /HMAC key/,
      );
    }
    const hex = b64(Buffer.from(String(hs.jwk.k), 'base64url').toString('hex'));
    for (const k of [hs.jwk.k, hex]) {
      const jwk = { kty: 'oct', kid: 'k', alg: 'HS256', k };
      const token = signerOf(jwk, 'HS256').sign(header({ alg: 'HS256', kid: 'k' }), CLAIMS);
      expect(await outcome(token, { keys: jwk })).toBe('accepted');
    }
  });
});
