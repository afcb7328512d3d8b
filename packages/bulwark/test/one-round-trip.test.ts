import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { access, limit, logIn, secure } from '../src/index.ts';
import { QUIET } from './support/ask.ts';
import { EXPRESS, type Express, type Received, type Served, send, serve } from './support/http.ts';
import { REDIS_SERVER, type RedisServer, startRedis } from './support/servers/redis.ts';
import { proxyTo, type TcpProxy } from './support/tcp-proxy.ts';

const HOST = { host: 'shop.example', 'x-forwarded-proto': 'https' };

describe.skipIf(REDIS_SERVER === undefined)('what a request of a logged-in user asks Redis for', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let close: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    server = await startRedis();
    proxy = await proxyTo(server.port);
  });
  afterEach(async () => {
    proxy.holding = false;
    await close?.();
    await server?.command('FLUSHALL');
    proxy.sent.length = 0;
    close = undefined;
  });
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
  });

  /** `/plain` has the policy's limit, `/limited` two of its own beside it. What was sent is looked at in the handler. */
  async function start(express: Express) {
    const app = express();
    const gate = secure(app, {
      ...QUIET,
      proxy: { hops: 1 },
      stores: { redis: `redis://127.0.0.1:${proxy.port}`, timeout: '10s' },
      sessions: {},
      rateLimit: { limit: 3, window: '1h', penalty: false },
    });
    let atHandler = -1;
    const home = (req: { session?: unknown }, res: { json(value: unknown): unknown }): void => {
      atHandler = proxy.sent.length;
      res.json((req.session as { user?: unknown } | undefined)?.user ?? 'nobody');
    };
    app.post('/login', access.public('who logs in is nobody yet'), (req, res, next) => {
      logIn(req, { id: 'ann' })
        .then(() => {
          (req as unknown as { session: { user: string } }).session.user = 'ann';
          res.json('in');
        })
        .catch(next);
    });
    app.get('/plain', access.authenticated(), home);
    const open = access.public('a page for everybody');
    const limited = (name: string) => limit({ name, limit: 2, window: '1h', penalty: false });
    app.get('/limited', access.authenticated(), limited('first'), limited('second'), home);
    app.get('/own', open, limited('own'), home);
    const everybody = limit({ name: 'all', limit: 2, window: '1h', key: () => 'all', dangerouslyReplaceKey: true });
    app.get('/shared', open, everybody, home);
    app.get('/free', open, home);
    const served: Served = await serve(app);
    close = async () => {
      await served.close();
      await gate.close();
    };
    const ask = (path: string, from: string, cookie = ''): Promise<Received> =>
      send(served.url + path, {
        method: path === '/login' ? 'POST' : 'GET',
        headers: { ...HOST, 'x-forwarded-for': from, 'sec-fetch-site': 'same-origin', cookie },
      });
    const entered = await ask('/login', '192.0.2.1');
    if (entered.status !== 200) throw new Error(entered.body);
    const cookie = String(entered.headers['set-cookie']).split(';')[0] ?? '';
    return { ask, cookie, atHandler: () => atHandler };
  }

  describe.each(EXPRESS)('on Express %s', (_, express) => {
    it.each([
      ['/plain', 1],
      ['/limited', 3],
    ])('%s: the session and all limits in one write, before any answer', async (path, limits) => {
      const { ask, cookie, atHandler } = await start(express);
      // The scripts are known from here on.
      expect((await ask(path, '192.0.2.2', cookie)).json()).toBe('ann');
      proxy.sent.length = 0;
      proxy.holding = true;
      const coming = ask(path, '192.0.2.3', cookie);
      await expect.poll(() => proxy.sent.join('').match(/\r\n(?:GET|EVALSHA)\r\n/g)).toHaveLength(1 + limits);
      expect(proxy.sent).toHaveLength(1);
      proxy.holding = false;
      expect((await coming).json()).toBe('ann');
      expect(atHandler()).toBe(1);
    });

    it('a limit that does not get its turn, since one before it refuses, takes nothing', async () => {
      const { ask } = await start(express);
      const client = '192.0.2.4';
      for (let n = 0; n < 3; n++) await ask('/free', client);
      const refused = await Promise.all(Array.from({ length: 5 }, () => ask('/own', client)));
      expect(refused.map(({ status }) => status)).toEqual(Array(5).fill(429));
      expect(refused[0]?.headers['ratelimit-policy']).toBe('"default";q=3;w=3600');
      // What the gate's limit says no more, so that only the route's own is left.
      await expect.poll(() => proxy.sent.filter((piece) => piece.includes('EVALSHA')).length).toBeGreaterThan(5);
      await server.command(`DEL bulwark:l:default|c:${client}`);
      const statuses = [];
      for (let n = 0; n < 3; n++) statuses.push((await ask('/own', client)).status);
      expect(statuses).toEqual([200, 200, 429]);
    });

    it('a limit that is not the client’s alone is not asked ahead: who is refused holds nobody else out', async () => {
      const { ask } = await start(express);
      const client = '192.0.2.5';
      for (let n = 0; n < 3; n++) await ask('/free', client);
      proxy.sent.length = 0;
      await Promise.all(Array.from({ length: 5 }, () => ask('/shared', client)));
      expect(proxy.sent.join('')).not.toContain('bulwark:l:all|');
    });
  });
});
