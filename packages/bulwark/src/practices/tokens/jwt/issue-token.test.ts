import { decodeJwt, decodeProtectedHeader, type JWK, jwtVerify } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Signer, signer } from '../fixtures/forge.ts';
import { type IssueTokenOptions, issueToken, tokenIssuer } from './issue-token.ts';
import { verifyToken } from './verify-token.ts';

const ISSUER = 'https://login.shop.example';
const AUDIENCE = 'https://api.shop.example';
const NOW = 1_800_000_000;
const now = (): number => NOW * 1000 + 999;

let by: Signer;
beforeAll(async () => {
  by = await signer('EdDSA');
});
const options = (more: Partial<IssueTokenOptions> = {}): IssueTokenOptions => ({
  key: by.jwk,
  issuer: ISSUER,
  audience: AUDIENCE,
  now,
  ...more,
});

describe('issueToken()', () => {
  it('makes an access token that has all that one must have (RFC 9068)', async () => {
    const token = await issueToken({ sub: 'u7', sid: 's1', role: 'clerk' }, options());
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: by.jwk.kid });
    const jti = expect.stringMatching(/^[\da-f-]{36}$/) as unknown;
    expect(decodeJwt(token)).toEqual({
      sub: 'u7',
      sid: 's1',
      role: 'clerk',
      iss: ISSUER,
      aud: AUDIENCE,
      iat: NOW,
      exp: NOW + 900,
      jti,
    });
  });

  it.each(['EdDSA', 'ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'HS256', 'HS512'] as const)(
    '%s: what it signs, jose and verifyToken() accept',
    async (algorithm) => {
      const other = await signer(algorithm);
      const token = await issueToken({ sub: 'u7' }, options({ key: other.jwk }));
      const { payload } = await jwtVerify(token, other.known as JWK, {
        issuer: ISSUER,
        audience: AUDIENCE,
        typ: 'at+jwt',
        currentDate: new Date(now()),
      });
      const claims = await verifyToken(token, {
        keys: other.known,
        issuer: ISSUER,
        audience: AUDIENCE,
        algorithms: [algorithm],
        now,
      });
      expect(claims).toEqual(payload);
    },
    60_000,
  );

  it('gives each token an id of its own', async () => {
    const tokens = await Promise.all(Array.from({ length: 100 }, () => issueToken({ sub: 'u7' }, options())));
    expect(new Set(tokens.map((token) => decodeJwt(token).jti)).size).toBe(100);
  });

  it('takes type, life and audience', async () => {
    const token = await issueToken(
      { sub: 'u7', nbf: NOW + 5 },
      options({ typ: 'mail+jwt', ttl: '1h', audience: ['a', 'b'] }),
    );
    expect(decodeProtectedHeader(token).typ).toBe('mail+jwt');
    expect(decodeJwt(token)).toMatchObject({ exp: NOW + 3600, aud: ['a', 'b'], nbf: NOW + 5 });
  });

  it('asks for the key each time where it is a function', async () => {
    const other = await signer('ES256');
    let key = by.jwk;
    const issue = tokenIssuer(options({ key: () => key }));
    expect(decodeProtectedHeader(await issue({ sub: 'u7' })).kid).toBe(by.jwk.kid);
    key = other.jwk;
    expect(decodeProtectedHeader(await issue({ sub: 'u7' })).kid).toBe(other.jwk.kid);
  });

  it('refuses claims that the issuer says, and subjects that are none', async () => {
    const claims = [
      { iss: 'x' },
      { aud: 'x' },
      { exp: 9e9 },
      { iat: 1 },
      { jti: 'x' },
      { sub: '' },
      { sub: undefined },
      { sub: 5 },
      { sid: '' },
      { nbf: '1' },
      { nbf: -1 },
    ];
    for (const more of claims) {
      await expect(issueToken({ sub: 'u7', ...more } as never, options())).rejects.toMatchObject({
        code: 'ERR_TOKEN_CLAIM',
      });
    }
    for (const none of [null, undefined, 'u7', ['u7']]) {
      await expect(issueToken(none as never, options())).rejects.toMatchObject({ code: 'ERR_TOKEN_CLAIM' });
    }
    await expect(issueToken({ sub: 'u7', x: 'yes '.repeat(2000) }, options())).rejects.toThrow(/too long/);
  });

  it('holds the claims to a schema, whose output it issues', async () => {
    const schema = z.object({ sub: z.string(), level: z.string().transform(Number) });
    expect(decodeJwt(await issueToken({ sub: 'u7', level: '3', other: 1 }, options({ schema })))).toMatchObject({
      level: 3,
    });
    expect(decodeJwt(await issueToken({ sub: 'u7', level: '3', other: 1 }, options({ schema })))).not.toHaveProperty(
      'other',
    );
    const refused = issueToken({ sub: 'u7', level: { c4nary: 1 } }, options({ schema }));
    await expect(refused).rejects.toMatchObject({ code: 'ERR_TOKEN_CLAIM', field: 'issueToken().level' });
    await expect(refused).rejects.not.toThrow(/c4nary/);
    const renamed = z.object({ sub: z.string() }).transform(({ sub }) => ({ sub, exp: 9e9 }));
    await expect(issueToken({ sub: 'u7' }, options({ schema: renamed }))).rejects.toMatchObject({
      code: 'ERR_TOKEN_CLAIM',
    });
  });

  it.each<[string, object, string]>([
    ['no issuer', { issuer: undefined }, 'ERR_CONFIG_VALUE'],
    ['no audience', { audience: [] }, 'ERR_CONFIG_VALUE'],
    ['a life of more than a day', { ttl: '25h' }, 'ERR_CONFIG_VALUE'],
    ['no life', { ttl: 0 }, 'ERR_CONFIG_VALUE'],
    ['a life of no length', { ttl: 'never' }, 'ERR_CONFIG_VALUE'],
    ['a type that is none', { typ: 'a b' }, 'ERR_CONFIG_VALUE'],
    ['a schema that is none', { schema: {} }, 'ERR_CONFIG_VALUE'],
    ['an allowed claim without a reason', { dangerouslyAllowClaims: { email: '' } }, 'ERR_CONFIG_VALUE'],
    ['no key', { key: undefined }, 'ERR_TOKEN_KEY'],
    ['a setting that does not exist', { expiresIn: '1h' }, 'ERR_CONFIG_UNKNOWN_KEY'],
  ])('%s is an error', async (_what, more, code) => {
    await expect(issueToken({ sub: 'u7' }, options(more))).rejects.toMatchObject({ code });
    expect(() => tokenIssuer(options(more))).toThrow(expect.objectContaining({ code }));
  });

  it('a public key signs nothing, and no error quotes a key', async () => {
    await expect(issueToken({ sub: 'u7' }, options({ key: by.known }))).rejects.toMatchObject({
      code: 'ERR_TOKEN_KEY',
    });
    const error = await issueToken({ sub: 'u7' }, options({ key: { ...by.jwk, use: 'enc' } })).catch(String);
    expect(error).not.toContain(by.jwk.d);
  });
});
