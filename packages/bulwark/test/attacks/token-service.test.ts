import { createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import type { RequestHandler } from 'express';
import jsonwebtoken from 'jsonwebtoken';
import { describe, expect, it } from 'vitest';
import { access } from '../../src/index.ts';
import { distant, recording } from '../../src/practices/tokens/fixtures/make.ts';
import { generateTokenKey, issueToken } from '../../src/practices/tokens/index.ts';
import { memoryRecordStore } from '../../src/stores/memory-records.ts';
import { ask, HOST } from '../support/ask.ts';
import { EXPRESS, type Received, type Sent, send, serve } from '../support/http.ts';
import { type App, handWire, pairOf, statuses, times } from './support/hand-wired.ts';
import { guard, policyOf, SECRET, shop, Table } from './support/token-shop.ts';

const ORIGIN = 'https://shop.example';

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const json = (target: string, body: object, headers: Record<string, string> = {}): Sent => ({
  method: 'POST',
  target,
  headers: { ...HOST, 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

/** Serves an app while a story is told to it. */
async function withApp<T>(app: unknown, story: (call: (sent: Sent) => Promise<Received>) => Promise<T>): Promise<T> {
  const served = await serve(app);
  try {
    return await story((sent) => send(served.url, { ...sent, headers: { ...HOST, ...sent.headers } }));
  } finally {
    await served.close();
  }
}

type Pair = Readonly<Record<'access_token' | 'refresh_token', string>>;

const login = async (call: (sent: Sent) => Promise<Received>): Promise<Pair> =>
  (await call(json('/login', {}))).json<Pair>();
const refresh = (token: string): Sent => json('/refresh', { refresh_token: token });

describe.each(EXPRESS)('the service of tokens on Express %s', (_version, express) => {
  it('1.7.3a: log-out, and the token that somebody has copied before', async () => {
    const { wired, secured } = shop(express, memoryRecordStore(), new Table());
    const story = (app: App): Promise<number[]> =>
      withApp(app, async (call) => {
        const { access_token, refresh_token } = await login(call);
        expect((await call({ target: '/me', headers: bearer(access_token) })).body).toBe('ann');
        expect((await call({ method: 'POST', target: '/logout', headers: bearer(access_token) })).status).toBe(204);
        return statuses([
          await call({ target: '/me', headers: bearer(access_token) }),
          await call(refresh(refresh_token)),
        ]);
      });
    expect(await story(wired)).toEqual([200, 200]);
    expect(await story(secured)).toEqual([401, 401]);
  });

  it('1.7.3b: a stolen refresh token, used beside its owner', async () => {
    const { wired, secured } = shop(express, memoryRecordStore(), new Table(), true);
    const story = (app: App): Promise<number[]> =>
      withApp(app, async (call) => {
        const { refresh_token: stolen } = await login(call);
        // The owner goes on twice, then the thief shows what he has, then the owner goes on.
        const first = (await call(refresh(stolen))).json<Pair>();
        const second = (await call(refresh(first.refresh_token))).json<Pair>();
        const thief = await call(refresh(stolen));
        const owner = await call(refresh(second.refresh_token));
        const page = await call({ target: '/me', headers: bearer(second.access_token) });
        return statuses([thief, owner, page]);
      });
    expect(await story(wired)).toEqual([200, 200, 200]);
    // Nobody can tell the two apart: both have to log in again, and the thief cannot.
    expect(await story(secured)).toEqual([401, 401, 401]);
  });

  it('1.7.3c: a refresh token that is used many times at once, where rotation reads and then writes', async () => {
    const table = new Table();
    const { wired, secured } = shop(express, distant(memoryRecordStore()), table);
    const story = (app: App): Promise<number> =>
      withApp(app, async (call) => {
        const { refresh_token } = await login(call);
        table.together = 12;
        const answers = await Promise.all(times(12, () => call(refresh(refresh_token))));
        const lines = answers.filter(({ status }) => status === 200).map((answer) => answer.json<Pair>().refresh_token);
        return new Set(lines).size;
      });
    expect(await story(wired)).toBe(12);
    expect(await story(secured)).toBe(1);
  });

  it('1.7.3d: a copy of the database', async () => {
    const table = new Table();
    const { store, written } = recording(memoryRecordStore());
    const { wired, secured } = shop(express, store, table);
    const reused = await withApp(wired, async (call) => {
      await login(call);
      return Promise.all([...table.rows.keys()].map((token) => call(refresh(token))));
    });
    expect(statuses(reused)).toEqual([200]);
    const guesses = await withApp(secured, async (call) => {
      const pair = await login(call);
      const words = [...written]
        .flat()
        .flatMap((text) => text.split(/[^\w.-]+/))
        .filter((word) => word.length > 20);
      expect(words.length).toBeGreaterThan(2);
      expect(words.join(' ')).not.toContain(pair.refresh_token.slice(4, 40));
      const tokens = words.flatMap((word) => [word, `bwr_${word}.${word}`]);
      const pages = tokens.map((token) => call({ target: '/me', headers: bearer(token) }));
      return Promise.all([...pages, ...tokens.map((token) => call(refresh(token)))]);
    });
    expect(guesses.filter(({ status }) => status === 200)).toEqual([]);
  });

  it('1.7.3e: a token in the address, which a log keeps', async () => {
    const log: string[] = [];
    const build = (secured: boolean): App => {
      const app = express();
      handWire(app, express, { order: ['log'], log: (line) => void log.push(line) });
      const fromQuery: RequestHandler = (req, _res, next) => {
        if (typeof req.query.access_token === 'string') req.headers.authorization = `Bearer ${req.query.access_token}`;
        next();
      };
      app.get('/me', ...(secured ? [access.authenticated()] : [fromQuery, guard]), (_req, res) => void res.send('ann'));
      return app;
    };
    const { wired, secured, gate } = pairOf(build, policyOf(memoryRecordStore()));
    const byHand = jsonwebtoken.sign({ sub: 'ann' }, SECRET, { expiresIn: '15m' });
    const [used] = await ask(wired, { target: `/me?access_token=${byHand}` });
    expect(used?.status).toBe(200);
    const found = /access_token=([\w.-]+)/.exec(log.join('\n'))?.[1] ?? '';
    const [stolen] = await ask(wired, { target: `/me?access_token=${found}` });
    expect(stolen?.body).toBe('ann');

    const { accessToken } = await gate.tokens.issue({ sub: 'ann' });
    const [query, header] = await ask(
      secured,
      { target: `/me?access_token=${accessToken}` },
      { target: '/me', headers: bearer(accessToken) },
    );
    // Whoever tries it in the address sees that it does not work, before a log has many of them.
    expect(statuses([query as Received, header as Received])).toEqual([401, 200]);
  });

  it('1.7.3f: a key of the attacker, put into the table of keys', async () => {
    const mine = generateKeyPairSync('ed25519');
    const jwk = { ...mine.publicKey.export({ format: 'jwk' }), kid: 'mine', alg: 'EdDSA', use: 'sig' };
    const table = new Map<string, object>();
    const store = memoryRecordStore();
    const build = (secured: boolean): App => {
      const app = express();
      const byTable: RequestHandler = (req, res, next) => {
        const token = String(req.headers.authorization).replace(/^Bearer /, '');
        const { kid } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string };
        const key = createPublicKey({ key: table.get(kid) as JsonWebKey, format: 'jwk' });
        // jsonwebtoken has no EdDSA; the check is the same.
        const [header, payload, signature] = token.split('.');
        const isGood = verifyEd25519(`${header}.${payload}`, signature ?? '', key);
        if (isGood) next();
        else res.sendStatus(401);
      };
      app.get('/me', secured ? access.authenticated() : byTable, (_req, res) => void res.send('root'));
      return app;
    };
    const { wired, secured, gate } = pairOf(build, policyOf(store));
    const privateJwk = {
      ...mine.privateKey.export({ format: 'jwk' }),
      kid: 'mine',
      alg: 'EdDSA',
      use: 'sig',
      kty: 'OKP',
    };
    const forged = await issueToken({ sub: 'root' }, { key: privateJwk, issuer: ORIGIN, audience: ORIGIN });
    table.set('mine', jwk);
    expect((await ask(wired, { target: '/me', headers: bearer(forged) }))[0]?.body).toBe('root');

    await gate.tokens.ready();
    const ring = store.get('token-keys:default');
    const mineAsKey = { jwk: privateJwk, since: 0 };
    const plain = JSON.stringify({ id: 'x', generation: 9, current: mineAsKey, next: mineAsKey, previous: [] });
    const fakes = [
      plain,
      `v1.${Buffer.from(ring?.value ?? '')
        .reverse()
        .toString('base64url')}`,
    ];
    for (const value of fakes) {
      store.remove('token-keys:default');
      store.insert('token-keys:default', { value, ttl: 1_000_000 });
      const fresh = pairOf(build, policyOf(store));
      const [answer] = await ask(fresh.secured, { target: '/me', headers: bearer(forged) });
      expect(answer?.json()).toMatchObject({ status: 503, code: 'ERR_UNAVAILABLE' });
    }
    expect((await ask(secured, { target: '/me', headers: bearer(forged) }))[0]?.status).toBe(401);
  });

  it('1.7.3g: tokens with made-up key ids, each of which makes the server fetch keys', async () => {
    let fetched = 0;
    const known = new Set(['current']);
    const { store, reads } = recording(memoryRecordStore());
    const build = (secured: boolean): App => {
      const app = express();
      const byFetch: RequestHandler = (req, res) => {
        const token = String(req.headers.authorization).replace(/^Bearer /, '');
        const { kid } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string };
        // A cache by kid, as widely written: what is not in it is asked for.
        if (!known.has(kid)) fetched++;
        res.sendStatus(401);
      };
      app.get('/me', secured ? access.authenticated() : byFetch, (_req, res) => void res.send('ann'));
      return app;
    };
    const { wired, secured, gate } = pairOf(build, policyOf(store));
    const key = await generateTokenKey();
    const requests = await Promise.all(
      times(20, async (i) => {
        const token = await issueToken(
          { sub: 'root' },
          { key: { ...key, kid: `made-up-${i}` }, issuer: ORIGIN, audience: ORIGIN },
        );
        return { target: '/me', headers: bearer(token) };
      }),
    );
    expect(new Set(statuses(await ask(wired, ...requests)))).toEqual(new Set([401]));
    expect(fetched).toBe(20);
    await gate.tokens.ready();
    reads.length = 0;
    expect(new Set(statuses(await ask(secured, ...requests)))).toEqual(new Set([401]));
    expect(reads.length).toBeLessThanOrEqual(1);
  });

  it('1.7.3h: an API key that was revoked, where keys are JWTs', async () => {
    const keys = new Set<string>();
    const build = (secured: boolean): App => {
      const app = express();
      handWire(app, express, { order: ['helmet', 'json'] });
      app.get('/orders', secured ? access.scope('orders:read') : guard, (_req, res) => void res.send('orders'));
      return app;
    };
    const { wired, secured, gate } = pairOf(build, policyOf(memoryRecordStore()));
    const byHand = jsonwebtoken.sign({ sub: 'ann', scope: 'orders:read' }, SECRET);
    keys.add(byHand);
    // Revoked: it is in no list any more, and the guard asks none.
    keys.delete(byHand);
    expect((await ask(wired, { target: '/orders', headers: bearer(byHand) }))[0]?.body).toBe('orders');
    const { id, key } = await gate.tokens.apiKeys.create({ owner: 'ann', scopes: ['orders:read'] });
    expect((await ask(secured, { target: '/orders', headers: bearer(key) }))[0]?.body).toBe('orders');
    await gate.tokens.apiKeys.revoke(id);
    expect((await ask(secured, { target: '/orders', headers: bearer(key) }))[0]?.status).toBe(401);
  });

  it('1.7.3i: guesses at API keys, each of which is a question to the database', async () => {
    const table = new Table();
    let asked = 0;
    const { store, reads } = recording(memoryRecordStore());
    const build = (secured: boolean): App => {
      const app = express();
      const byTable: RequestHandler = (req, res, next) => {
        asked++;
        table
          .find(String(req.headers.authorization).replace(/^Bearer /, ''))
          .then((owner) => (owner === undefined ? res.sendStatus(401) : next()))
          .catch(next);
      };
      app.get('/orders', secured ? access.scope('orders:read') : byTable, (_req, res) => void res.send('orders'));
      return app;
    };
    const { wired, secured, gate } = pairOf(build, policyOf(store));
    const { key } = await gate.tokens.apiKeys.create({ owner: 'ann', scopes: ['orders:read'] });
    const guesses = times(20, (i) => ({
      target: '/orders',
      headers: bearer(`bwk_${String(i).padStart(16, '0')}_${'a'.repeat(43)}000000`),
    }));
    expect(new Set(statuses(await ask(wired, ...guesses)))).toEqual(new Set([401]));
    expect(asked).toBe(20);
    expect(new Set(statuses(await ask(secured, ...guesses)))).toEqual(new Set([401]));
    expect(reads).toEqual([]);
    expect((await ask(secured, { target: '/orders', headers: bearer(key) }))[0]?.body).toBe('orders');
    expect(reads).toHaveLength(1);
  });

  it('1.7.3j: an API key that may read orders, on a route that asks for a user', async () => {
    let closed = 0;
    const close: RequestHandler = (_req, res) => {
      closed++;
      res.sendStatus(204);
    };
    const build = (secured: boolean): App => {
      const app = express();
      handWire(app, express, { order: ['helmet', 'json'] });
      app.delete('/account', secured ? access.authenticated() : guard, close);
      return app;
    };
    const { wired, secured, gate } = pairOf(build, policyOf(memoryRecordStore()));
    const byHand = jsonwebtoken.sign({ sub: 'ann', scope: 'orders:read' }, SECRET);
    const { key } = await gate.tokens.apiKeys.create({ owner: 'ann', scopes: ['orders:read'] });
    const request = { method: 'DELETE', target: '/account' };
    expect((await ask(wired, { ...request, headers: bearer(byHand) }))[0]?.status).toBe(204);
    expect(closed).toBe(1);
    const [answer] = await ask(secured, { ...request, headers: bearer(key) });
    expect(answer?.json()).toMatchObject({ status: 403, code: 'ERR_ACCESS_DENIED' });
    expect(closed).toBe(1);
  });

  it('1.7.3k: made-up tokens, verified before anybody counts', async () => {
    let verified = 0;
    const counting: RequestHandler = (req, res, next) => {
      verified++;
      guard(req, res, next);
    };
    const build = (secured: boolean): App => {
      const app = express();
      if (!secured) app.use(counting);
      handWire(app, express, { order: ['limiter'], limiter: { limit: 3 } });
      app.get('/me', ...(secured ? [access.authenticated()] : []), (_req, res) => void res.send('ann'));
      return app;
    };
    const { wired, secured } = pairOf(build, policyOf(memoryRecordStore(), { rateLimit: { limit: 3, window: '1h' } }));
    const requests = times(10, () => ({ target: '/me', headers: bearer('a.b.c') }));
    expect(statuses(await ask(wired, ...requests))).toEqual(times(10, () => 401));
    expect(verified).toBe(10);
    expect(statuses(await ask(secured, ...requests))).toEqual([401, 401, 401, ...times(7, () => 429)]);
  });
});

function verifyEd25519(data: string, signature: string, key: KeyObject): boolean {
  return verify(null, Buffer.from(data), key, Buffer.from(signature, 'base64url'));
}
