import type { RequestHandler } from 'express';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { signer } from '../../src/practices/tokens/fixtures/forge.ts';
import { ISSUER, MINUTE, make } from '../../src/practices/tokens/fixtures/make.ts';
import { type TokenService, type TokensOptions, tokens } from '../../src/practices/tokens/index.ts';
import { verifiedTokens } from '../../src/practices/tokens/verified-tokens.ts';
import { ask } from '../support/ask.ts';
import { EXPRESS } from '../support/http.ts';
import { type App, handWire, pairOf, statuses } from './support/hand-wired.ts';

type Claims = Record<string, unknown>;
type Verify = (token: string) => Promise<Claims>;

const SPELLING = /[AQgw]$/;

/** What is put together where verifying is too slow: what jose has accepted once is accepted. */
function naiveCache(verify: Verify, keyOf: (token: string) => string, known = new Map<string, Claims>()): Verify {
  return async (token) => {
    const key = keyOf(token);
    const claims = known.get(key) ?? (await verify(token));
    known.set(key, claims);
    return claims;
  };
}

const whole = (token: string): string => token;
const unsigned = (token: string): string => token.slice(0, token.lastIndexOf('.'));
const payload = (token: string): string => String(token.split('.')[1]);

function joseVerifier(service: TokenService, now: () => number, audience = ISSUER): Verify {
  return async (token) => {
    const keys = createLocalJWKSet((await service.jwks()) as Parameters<typeof createLocalJWKSet>[0]);
    return (await jwtVerify(token, keys, { issuer: ISSUER, audience, currentDate: new Date(now()) })).payload;
  };
}

describe.each(EXPRESS)('a cache of verified tokens on Express %s', (_version, express) => {
  /** An app with the naive cache and one with ours, and what they answer to tokens. */
  const serve = (
    weak: Verify,
    service: TokenService,
    handler?: (claims: Claims) => unknown,
  ): ((...sent: string[]) => Promise<{ wired: number[]; secured: number[]; bodies: string[] }>) => {
    const guard =
      (verify: Verify): RequestHandler =>
      (req, res, next) => {
        verify(String(req.headers.authorization).slice('Bearer '.length))
          .then((claims) => void res.json(handler === undefined ? { sub: claims.sub } : handler(claims)))
          .catch(next);
      };
    const { wired, secured } = pairOf((isSecured): App => {
      const app = express();
      handWire(app, express, { order: ['helmet', 'json'] });
      app.get('/me', guard(isSecured ? (service.verify as unknown as Verify) : weak));
      return app;
    });
    return async (...sent) => {
      const requests = sent.map((token) => ({ target: '/me', headers: { authorization: `Bearer ${token}` } }));
      const [open, ours] = [await ask(wired, ...requests), await ask(secured, ...requests)];
      return { wired: statuses(open), secured: statuses(ours), bodies: [...open, ...ours].map(({ body }) => body) };
    };
  };

  const known = async (service: TokenService, token: string): Promise<void> => {
    // The very same object: it came out of the cache.
    expect(await service.verify(token)).toBe(await service.verify(token));
  };

  it('1.7.5a: a token that was valid when it was first seen, and has expired', async () => {
    const {
      tokens: { service },
      clock,
    } = make();
    const { accessToken } = await service.issue({ sub: 'ann' });
    const send = serve(naiveCache(joseVerifier(service, clock.now), whole), service);
    expect(await send(accessToken, accessToken)).toMatchObject({ wired: [200, 200], secured: [200, 200] });
    await known(service, accessToken);
    clock.forward(16 * MINUTE);
    expect(await send(accessToken, accessToken)).toMatchObject({ wired: [200, 200], secured: [401, 401] });
  });

  it('1.7.5b: a token that is known, and was revoked since: itself, its session, its user, the session gone', async () => {
    const live = new Set(['s1', 's2', 's3', 's4']);
    const {
      tokens: { service },
      clock,
    } = make({ isSessionAlive: (sid) => live.has(sid) });
    const issued = await Promise.all([...live].map((sid, i) => service.issue({ sub: i === 2 ? 'bob' : 'ann', sid })));
    const all = issued.map(({ accessToken }) => accessToken);
    const send = serve(naiveCache(joseVerifier(service, clock.now), whole), service);
    expect(await send(...all)).toMatchObject({ wired: [200, 200, 200, 200], secured: [200, 200, 200, 200] });
    for (const token of all) await known(service, token);
    await service.revoke({ jti: String(issued[0]?.jti) });
    await service.revoke({ sid: 's2' });
    await service.revoke({ sub: 'bob' });
    live.delete('s4');
    expect(await send(...all)).toMatchObject({ wired: [200, 200, 200, 200], secured: [401, 401, 401, 401] });
  });

  it('1.7.5c: a token that is known, of a key that was dropped since', async () => {
    const {
      tokens: { service },
      clock,
    } = make();
    const { accessToken } = await service.issue({ sub: 'ann' });
    const send = serve(naiveCache(joseVerifier(service, clock.now), whole), service);
    expect(await send(accessToken)).toMatchObject({ wired: [200], secured: [200] });
    await known(service, accessToken);
    await service.rotate({ compromised: true });
    expect(await send(accessToken)).toMatchObject({ wired: [200], secured: [401] });
  });

  it('1.7.5d: a token like one that is known: another signature, another spelling of it, another header', async () => {
    const {
      tokens: { service },
      clock,
    } = make();
    const { accessToken } = await service.issue({ sub: 'ann' });
    const [header = '', content = '', signature = ''] = accessToken.split('.');
    const flipped = Buffer.from(signature, 'base64url');
    flipped[0] = (flipped[0] ?? 0) ^ 1;
    // 64 bytes leave four bits of the last character unused.
    expect(signature).toMatch(SPELLING);
    const next = { A: 'B', Q: 'R', g: 'h', w: 'x' }[signature.slice(-1)] ?? '';
    const { alg: _, ...rest } = JSON.parse(Buffer.from(header, 'base64url').toString()) as Claims;
    const unsignedHeader = Buffer.from(JSON.stringify({ alg: 'none', ...rest })).toString('base64url');
    const like = [
      `${header}.${content}.${flipped.toString('base64url')}`,
      `${header}.${content}.${signature.slice(0, -1)}${next}`,
      `${header}.${content}.AA`,
      `${unsignedHeader}.${content}.${signature}`,
    ];
    const send = serve(naiveCache(joseVerifier(service, clock.now), payload), service);
    expect(await send(accessToken)).toMatchObject({ wired: [200], secured: [200] });
    await known(service, accessToken);
    expect(await send(...like)).toMatchObject({ wired: [200, 200, 200, 200], secured: [401, 401, 401, 401] });
    const less = serve(naiveCache(joseVerifier(service, clock.now), unsigned), service);
    expect((await less(accessToken, ...like.slice(0, 3))).wired).toEqual([200, 200, 200, 200]);
    expect((await send(accessToken)).secured).toEqual([200]);
  });

  it('1.7.5e: a token that is known where it is meant for, used elsewhere', async () => {
    const own = await signer('EdDSA');
    const at = (audience: string): TokenService =>
      tokens({ issuer: ISSUER, audience, keys: { signing: own.jwk } } satisfies TokensOptions).service;
    const [orders, mail] = [at(ISSUER), at('https://mail.example')];
    const { accessToken } = await orders.issue({ sub: 'ann' });
    const shared = new Map<string, Claims>();
    const first = naiveCache(joseVerifier(orders, Date.now), whole, shared);
    const second = naiveCache(joseVerifier(mail, Date.now, 'https://mail.example'), whole, shared);
    expect(await serve(first, orders)(accessToken)).toMatchObject({ wired: [200], secured: [200] });
    await known(orders, accessToken);
    expect(await serve(second, mail)(accessToken)).toMatchObject({ wired: [200], secured: [401] });

    // One of another kind, which the same key has signed, jose takes unless it is told not to.
    const claims = JSON.parse(Buffer.from(payload(accessToken), 'base64url').toString()) as Claims;
    const other = own.sign({ alg: 'EdDSA', typ: 'logout+jwt', kid: own.jwk.kid }, claims);
    expect(await serve(first, orders)(other, other)).toMatchObject({ wired: [200, 200], secured: [401, 401] });
  });

  it('1.7.5f: a handler that changes the claims which the next request gets', async () => {
    const {
      tokens: { service },
      clock,
    } = make();
    const { accessToken } = await service.issue({ sub: 'ann', roles: ['clerk'], seen: { pages: 0 } });
    const send = serve(naiveCache(joseVerifier(service, clock.now), whole), service, (claims) => {
      const roles = claims.roles as string[];
      const before = [...roles];
      // A list of defaults that is filled up in place: nobody means harm.
      try {
        roles.push('admin');
        (claims.seen as Claims).pages = 1;
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
      }
      return before;
    });
    const { bodies } = await send(accessToken, accessToken);
    expect(bodies).toEqual(['["clerk"]', '["clerk","admin"]', '["clerk"]', '["clerk"]']);
  });

  it('1.7.5g: a flood of distinct tokens, each of them valid', async () => {
    const {
      tokens: { service },
      clock,
    } = make();
    const kept = new Map<string, Claims>();
    const weak = naiveCache(joseVerifier(service, clock.now), whole, kept);
    const cache = verifiedTokens({ maxEntries: 40, maxBytes: 1_000_000, idle: MINUTE }, clock.now);
    const small = verifiedTokens({ maxEntries: 10_000, maxBytes: 50_000, idle: MINUTE }, clock.now);
    const keys = { keys: [] };
    for (let n = 0; n < 200; n++) {
      const { accessToken } = await service.issue({ sub: `bot-${n}`, padding: 'x'.repeat(1000) });
      const claims = await weak(accessToken);
      for (const each of [cache, small]) {
        each.get(accessToken, keys);
        const revocations = { marks: { issuedAt: 0 }, jti: undefined, sid: undefined, sub: undefined };
        each.add(accessToken, keys, { opened: { typ: 'at+jwt', claims, bytes: 2000 }, revocations });
      }
      expect(cache.size().entries).toBeLessThanOrEqual(40);
      expect(small.size().bytes).toBeLessThanOrEqual(50_000);
    }
    expect([kept.size, cache.size().entries > 20, small.size().entries > 8]).toEqual([200, true, true]);
  });
});
