import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { ISSUER } from './fixtures/make.ts';
import { generateTokenKey, issueToken, publicJwkOf, type VerifiedClaims, verifyJws, verifyToken } from './index.ts';

const named = { issuer: ISSUER, audience: ISSUER };

/** What TypeScript refuses, the code refuses too: whoever writes JavaScript is told at the start. */
describe('the types of tokens', () => {
  it('demand issuer and audience, and leave no way out of exp', async () => {
    const key = await generateTokenKey();
    const claims = { sub: 'ann' };
    const refused: Promise<unknown>[] = [
      // @ts-expect-error an issuer is demanded
      issueToken(claims, { key, audience: ISSUER }),
      // @ts-expect-error an audience is demanded
      issueToken(claims, { key, issuer: ISSUER }),
      // @ts-expect-error a key is demanded
      issueToken(claims, named),
      // @ts-expect-error a subject is demanded
      issueToken({ role: 'clerk' }, { key, ...named }),
      // @ts-expect-error there is no token without an end
      issueToken(claims, { key, ...named, ttl: false }),
      // @ts-expect-error the issuer says when it ends
      issueToken({ sub: 'ann', exp: 4_102_444_800 }, { key, ...named }),
      // @ts-expect-error the issuer says who it is
      issueToken({ sub: 'ann', iss: 'https://evil.example' }, { key, ...named }),
      // @ts-expect-error and whom it is for
      issueToken({ sub: 'ann', aud: '*' }, { key, ...named }),
    ];
    const token = await issueToken(claims, { key, ...named });
    const keys = publicJwkOf(key);
    refused.push(
      // @ts-expect-error an issuer is demanded
      verifyToken(token, { keys, audience: ISSUER }),
      // @ts-expect-error an audience is demanded
      verifyToken(token, { keys, issuer: ISSUER }),
      // @ts-expect-error keys are demanded
      verifyToken(token, named),
      // @ts-expect-error expiry cannot be ignored
      verifyToken(token, { keys, ...named, ignoreExpiration: true }),
      // @ts-expect-error algorithms are demanded
      verifyJws(token, keys, {}),
      // @ts-expect-error none is no algorithm
      verifyJws(token, keys, { algorithms: ['none'] }),
    );
    for (const each of await Promise.allSettled(refused)) {
      expect(each).toMatchObject({ status: 'rejected', reason: { name: 'ConfigError' } });
    }
  });

  it('give iss, aud and exp of what was verified, and what the schema says', async () => {
    const key = await generateTokenKey();
    const token = await issueToken({ sub: 'ann', role: 'clerk' }, { key, ...named });
    const keys = publicJwkOf(key);
    const plain = await verifyToken(token, { keys, ...named });
    expectTypeOf(plain.iss).toEqualTypeOf<string>();
    expectTypeOf(plain.aud).toEqualTypeOf<string | readonly string[]>();
    expectTypeOf(plain.exp).toEqualTypeOf<number>();
    const schema = z.object({ role: z.enum(['clerk', 'customer']) });
    const typed = await verifyToken(token, { keys, ...named, schema });
    expectTypeOf(typed.role).toEqualTypeOf<'clerk' | 'customer'>();
    expectTypeOf(typed.exp).toEqualTypeOf<number>();
    expectTypeOf<VerifiedClaims<typeof schema>>().not.toHaveProperty('email');
    expectTypeOf(await verifyJws(token, keys, { algorithms: ['EdDSA'] })).toEqualTypeOf<Uint8Array>();
    expect([typed.role, typed.exp - Number(typed.iat)]).toEqual(['clerk', 900]);
  });
});
