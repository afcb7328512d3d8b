import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Response } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { HOST, QUIET } from '../../../test/support/ask.ts';
import { EXPRESS, type Served, send, serve } from '../../../test/support/http.ts';
import { Jar } from '../../../test/support/jar.ts';
import type { SecurityEvent } from '../../events.ts';
import type { Policy } from '../../policy.ts';
import { secure } from '../../secure.ts';
import { memoryRecordStore } from '../../stores/memory-records.ts';
import type { RecordStore } from '../../stores/record-store.ts';
import { access } from '../access/index.ts';
import { logOut, sessionOf, sessions } from './index.ts';

const OVER_TLS = {
  ...HOST,
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': HOST.host,
};

/** A store beyond the network that can be broken, and that says in which order it was written to. */
function breakable() {
  const inner = memoryRecordStore();
  const log: string[] = [];
  let broken: 'all' | 'writes' | undefined;
  const later = <A extends unknown[], R>(name: string, call: (...args: A) => R): ((...args: A) => Promise<R>) => {
    return async (...args) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (broken === 'all' || (broken === 'writes' && name !== 'get')) throw new Error('down');
      const answer = call(...args);
      if (name !== 'get') log.push(name);
      return answer;
    };
  };
  const store: RecordStore = {
    get: later('get', inner.get),
    insert: later('insert', inner.insert),
    replace: later('replace', inner.replace),
    remove: later('remove', inner.remove),
    list: later('list', inner.list),
  };
  return {
    store,
    log,
    size: () => inner.size,
    break: (what: typeof broken) => {
      broken = what;
    },
  };
}

it('calls what follows once, whatever that throws', () => {
  const practice = sessions({ origins: ['http://shop.example'] });
  const req = new IncomingMessage(new Socket());
  req.headers.cookie = `session=${'a'.repeat(64)}`;
  let calls = 0;
  const follows = (): never => {
    calls += 1;
    throw new Error('a bug of the app');
  };
  expect(() => practice(req, new ServerResponse(req), follows)).toThrow('a bug of the app');
  expect(calls).toBe(1);
});

describe.each(EXPRESS)('the answer to a request with a session on Express %s', (_version, express) => {
  const open: Served[] = [];
  afterEach(async () => void (await Promise.all(open.splice(0).map(({ close }) => close()))));

  async function start(policy: Partial<Policy> = {}) {
    const backend = breakable();
    const app = express();
    const errors: unknown[] = [];
    const gate = secure(app, {
      ...QUIET,
      proxy: { hops: 1 },
      errors: { onError: (error) => void errors.push(error) },
      sessions: { store: backend.store },
      access: { undecided: 'allow' },
      ...policy,
    });
    const events: SecurityEvent[] = [];
    gate.on('*', (event) => events.push(event));
    const count = (res: Response): number => {
      const session = sessionOf<{ n: number }>(res.req);
      if (session === undefined) throw new Error('no session');
      session.n = (session.n ?? 0) + 1;
      return session.n;
    };
    app.get('/json', (_req, res) => void res.json({ n: count(res) }));
    app.get('/head', (_req, res) => {
      res.writeHead(201, { 'X-N': count(res) });
      res.end('done');
    });
    app.get('/end', (_req, res) => void res.end(`n ${count(res)}`));
    app.get('/flush', (_req, res) => {
      count(res);
      res.flushHeaders();
      res.end('done');
    });
    app.get('/stream', (_req, res) => {
      res.type('text/plain');
      const n = count(res);
      backend.log.push(`write says ${res.write(`${n} `)}`);
      res.once('drain', () => void res.end('end'));
    });
    app.get('/slow', (_req, res) => {
      count(res);
      res.write('a');
      setTimeout(() => {
        res.write('b');
        res.end('c');
      }, 10);
    });
    app.get('/pipe', (_req, res) => {
      count(res);
      Readable.from(['a', 'b', 'c']).pipe(res);
    });
    app.get('/late', (_req, res) => {
      res.write('begun ');
      count(res);
      res.end('end');
    });
    app.get('/throws', (_req, res) => {
      count(res);
      throw new Error('after a write');
    });
    app.get('/large', (req, res) => {
      Object.assign(sessionOf(req) ?? {}, { small: 1, picture: 'x'.repeat(70_000) });
      res.send('done');
    });
    app.get('/public', (_req, res) => void res.send('public'));
    app.get('/mine', access.authenticated(), (_req, res) => void res.send('mine'));
    app.get('/out', (req, res, next) => {
      logOut(req).then(() => res.send('out'), next);
    });
    const served = await serve(app);
    open.push(served);
    return { ...backend, jar: new Jar(served.url, OVER_TLS), url: served.url, events, errors };
  }

  it.each(['/json', '/head', '/end', '/flush', '/stream', '/throws'])(
    '%s waits until the session is kept',
    async (path) => {
      const { jar, log } = await start();
      const answer = await jar.get(path);
      expect(jar.cookies.get('__Host-session')).toMatch(/^[\w-]{64}$/);
      expect(answer.headers['cache-control']).toContain('no-store');
      expect(log[0]).toBe(path === '/stream' ? 'write says false' : 'insert');
      expect((await jar.get('/json')).json()).toEqual({ n: 2 });
      if (path === '/stream') expect(answer.body).toBe('1 end');
    },
  );

  it('has the flags that no script, no other host and no other site gets past', async () => {
    const { url } = await start();
    const answer = await send(url, { target: '/json', headers: OVER_TLS });
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-session=[\w-]{64}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ]);
  });

  it('a visitor’s first write after the head was sent comes too late for a cookie: nothing is kept', async () => {
    const { jar, size } = await start();
    expect((await jar.get('/late')).body).toBe('begun end');
    expect([jar.cookies.size, size()]).toEqual([0, 0]);
    await jar.get('/json');
    expect((await jar.get('/late')).body).toBe('begun end');
    expect((await jar.get('/json')).json()).toEqual({ n: 3 });
  });

  it('says 503 where what was to be kept could not be, and 200 again once it can', async () => {
    const { jar, break: breaks, errors } = await start();
    await jar.get('/json');
    breaks('writes');
    const answer = await jar.get('/json');
    expect([answer.status, answer.json().code]).toEqual([503, 'ERR_UNAVAILABLE']);
    expect(errors).toEqual([]);
    breaks(undefined);
    await expect.poll(async () => (await jar.get('/json')).status, { interval: 100, timeout: 5000 }).toBe(200);
  });

  it.each(['/slow', '/pipe'])('%s may go on writing when it was answered with 503: nothing crashes', async (path) => {
    const { jar, break: breaks } = await start();
    await jar.get('/json');
    breaks('writes');
    const answer = await jar.get(path);
    expect([answer.status, answer.json().code]).toEqual([503, 'ERR_UNAVAILABLE']);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect((await jar.get('/public')).status).toBe(200);
  });

  it('an outage is felt only where a session is needed', async () => {
    const { jar, break: breaks } = await start();
    await jar.get('/json');
    breaks('all');
    const statuses = async (...paths: string[]): Promise<number[]> => {
      const answers: number[] = [];
      for (const path of paths) answers.push((await jar.get(path)).status);
      return answers;
    };
    expect(await statuses('/public', '/json', '/mine', '/out')).toEqual([200, 503, 503, 503]);
    // Whoever has no session needs no store.
    jar.cookies.clear();
    expect(await statuses('/public', '/mine')).toEqual([200, 401]);
  });

  it('a session that is too large is refused, by the name of what makes it so', async () => {
    const { jar, size, errors } = await start();
    expect((await jar.get('/large')).status).toBe(500);
    expect(String(errors[0])).toContain('"picture"');
    expect(String(errors[0])).not.toContain('xxx');
    expect([size(), jar.cookies.size]).toEqual([0, 0]);
  });

  it('over plain HTTP no Secure cookie is sent and nothing is kept; why, is said once', async () => {
    const { url, size, events } = await start({ proxy: 'none' });
    for (let i = 0; i < 3; i++) {
      const answer = await send(url, { target: '/json', headers: HOST });
      expect([answer.status, answer.headers['set-cookie']]).toEqual([200, undefined]);
    }
    const said = events.filter(({ event }) => event === 'sys_session_cookie_withheld');
    expect(said).toHaveLength(1);
    expect(said[0]?.description).toMatch(/plain HTTP.*policy\.proxy/);
    expect(size()).toBe(0);
  });
});
