import fc from 'fast-check';
import { type JWK, jwtVerify, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Signer, signer } from '../fixtures/forge.ts';
import { issueToken } from './issue-token.ts';
import { type TokenVerifier, tokenVerifier } from './verify-token.ts';

const ISSUER = 'https://login.shop.example';
const AUDIENCE = 'https://api.shop.example';
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é';

const signers: Signer[] = [];
beforeAll(async () => {
  for (const algorithm of ['EdDSA', 'ES256', 'RS256', 'HS256'] as const) signers.push(await signer(algorithm));
}, 60_000);

const verifierOf = ({ known }: Signer): TokenVerifier<never> =>
  tokenVerifier<never>({ keys: known, issuer: ISSUER, audience: AUDIENCE });
const isAccepted = (verify: TokenVerifier<never>, token: string): Promise<boolean> =>
  verify(token).then(
    () => true,
    () => false,
  );

describe('a token of which one character is another', () => {
  it('is refused, wherever and whatever it is', async () => {
    for (const by of signers) {
      const token = await issueToken({ sub: 'u7', role: 'clerk' }, { key: by.jwk, issuer: ISSUER, audience: AUDIENCE });
      const verify = verifierOf(by);
      expect(await isAccepted(verify, token)).toBe(true);
      // Every place once, and the last character of each part with every letter: its unused bits are where decoders forgive.
      const ends = [...token.matchAll(/\.|$/g)].map(({ index }) => index - 1);
      const changes = token
        .split('')
        .flatMap((_, at) =>
          (ends.includes(at) ? ALPHABET : 'A_')
            .split('')
            .map((letter) => token.slice(0, at) + letter + token.slice(at + 1)),
        );
      for (const changed of changes)
        if (changed !== token) expect([changed, await isAccepted(verify, changed)]).toEqual([changed, false]);
    }
  }, 60_000);

  it('or more, or fewer', async () => {
    const edit = fc.record({
      at: fc.nat(),
      drop: fc.nat(3),
      put: fc.string({ maxLength: 3, unit: fc.constantFrom(...ALPHABET.split('')) }),
    });
    const by = signers[0] as Signer;
    const token = await issueToken({ sub: 'u7', role: 'clerk' }, { key: by.jwk, issuer: ISSUER, audience: AUDIENCE });
    const verify = verifierOf(by);
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        let changed = token;
        for (const { at, drop, put } of edits) {
          const place = at % (changed.length + 1);
          changed = changed.slice(0, place) + put + changed.slice(place + drop);
        }
        fc.pre(changed !== token);
        expect(await isAccepted(verify, changed)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  }, 60_000);

  it('any text at all is refused and throws nothing else', async () => {
    const verify = verifierOf(signers[0] as Signer);
    const parts = fc
      .array(fc.oneof(fc.base64String(), fc.string(), fc.json()), { maxLength: 5 })
      .map((list) => list.join('.'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(parts, fc.anything()), async (text) => {
        await expect(verify(text as string)).rejects.toMatchObject({ code: 'ERR_TOKEN_INVALID' });
      }),
      { numRuns: 2000 },
    );
  }, 60_000);
});

describe('against jose, as a second opinion', () => {
  const claim = fc.oneof(
    fc.integer(),
    fc.boolean(),
    fc.string({ maxLength: 40 }),
    fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }),
  );
  const claims = fc.dictionary(fc.stringMatching(/^x_[a-z]{1,8}$/), claim, { maxKeys: 8 });

  it('what jose signs and accepts, we accept with the same claims', async () => {
    for (const by of signers) {
      const verify = verifierOf(by);
      await fc.assert(
        fc.asyncProperty(claims, fc.integer({ min: 30, max: 86_000 }), async (own, life) => {
          const time = Math.floor(Date.now() / 1000);
          const token = await new SignJWT(own)
            .setProtectedHeader({ alg: by.algorithm, typ: 'at+jwt', kid: String(by.jwk.kid) })
            .setIssuer(ISSUER)
            .setAudience(AUDIENCE)
            .setSubject('u7')
            .setIssuedAt(time)
            .setExpirationTime(time + life)
            .sign(by.key);
          const { payload } = await jwtVerify(token, by.known as JWK, {
            issuer: ISSUER,
            audience: AUDIENCE,
            typ: 'at+jwt',
          });
          expect(await verify(token)).toEqual(payload);
        }),
        { numRuns: 50 },
      );
    }
  }, 60_000);
});
