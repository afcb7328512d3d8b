import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Response } from 'express';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { QUIET } from '../../../test/support/ask.ts';
import { type Act, appOf, browser, serveAsTls } from '../../../test/support/browser.ts';
import { EXPRESS, type Express } from '../../../test/support/http.ts';
import { barrier, remoteStore } from '../../../test/support/remote-store.ts';
import { own } from '../../../test/support/session-app.ts';
import { access, secure } from '../../index.ts';
import { guardRecords } from '../../stores/guard.ts';
import { sessions } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'bulwark-sessions-'));
const file = join(folder, 'page.txt');
writeFileSync(file, 'the file');
afterAll(() => rmSync(folder, { recursive: true }));

let close: (() => Promise<void>) | undefined;
afterEach(async () => close?.());

const ok = access.public('test');

/** Alone, and in the gate. */
const PLACES = EXPRESS.flatMap(([version, express]) => [
  [`alone on Express ${version}`, express, false] as const,
  [`in secure() on Express ${version}`, express, true] as const,
]);

/** How an answer may begin and end; each has put `n` into the session before, and none waits for it. */
const ANSWERS: readonly (readonly [string, string, (res: Response) => unknown])[] = [
  ['end with text', 'text', (res) => res.end('text')],
  ['write before end', 'onetwo', (res) => [res.write('one'), res.write('two'), res.end()]],
  ['writeHead with headers', 'x', (res) => res.writeHead(201, { 'x-own': 'yes', 'set-cookie': 'a=1' }).end('x')],
  ['flushHeaders', 'later', (res) => [res.flushHeaders(), res.end('later')]],
  ['a stream', 'abc'.repeat(50_000), (res) => Readable.from(Array(50_000).fill('abc')).pipe(res)],
  ['a file', 'the file', (res) => res.sendFile(file)],
  ['json', '{"a":1}', (res) => res.json({ a: 1 })],
  ['a redirect', 'Found. Redirecting to /x', (res) => res.redirect('/x')],
  ['304', '', (res) => res.status(304).end()],
  ['two ends', 'first', (res) => [res.end('first'), res.end()]],
];

describe.each(PLACES)('a response that is held until the session is kept, %s', (_place, express: Express, inGate) => {
  async function start(acts: Readonly<Record<string, Act>>) {
    const store = remoteStore();
    const guarded = guardRecords(store, { emit: () => undefined });
    const app = express();
    if (inGate) {
      const gate = secure(app, { ...QUIET, sessions: { store: guarded } });
      for (const [path, act] of Object.entries(acts)) {
        app.all(path, ok, (req, res, next) => void Promise.resolve(act(req, res)).catch(next));
      }
      gate.on('*', () => undefined);
    }
    const served = await serveAsTls(inGate ? app : appOf(express, sessions({ store: guarded }), acts));
    close = served.close;
    return { ...served, store, visitor: () => browser(served.url) };
  }

  const look: Act = (req, res) => res.end(JSON.stringify(own(req).n) ?? 'none');

  it.each(ANSWERS)('%s', async (_name, body, answer) => {
    const { store, visitor } = await start({
      '/': (req, res) => {
        own(req).n = 1;
        return answer(res as Response);
      },
      '/look': look,
    });
    const kept = barrier();
    store.before = (step) => (step === 'insert' ? kept.wait() : undefined);
    const ann = visitor();
    let isAnswered = false;
    const answering = ann.get('/').finally(() => {
      isAnswered = true;
    });
    await kept.reached;
    // Time enough for what is not held to arrive.
    await ann.get('/look');
    expect(isAnswered).toBe(false);
    kept.open();
    const received = await answering;
    expect(received.body).toBe(body);
    expect(received.headers['set-cookie']?.join()).toContain('__Host-session=');
    expect(received.headers['cache-control']).toMatch(/no-store/);
    expect((await ann.get('/look')).body).toBe('1');
    // A second write, to a session that is there.
    store.before = () => undefined;
    expect((await ann.get('/')).body).toBe(body);
  });

  it('answers HEAD', async () => {
    const { visitor } = await start({
      '/': (req, res) => {
        own(req).n = 1;
        (res as Response).json({ a: 1 });
      },
      '/look': look,
    });
    const ann = visitor();
    const head = await ann.get('/', { method: 'HEAD' });
    expect([head.status, head.body, head.headers['content-length']]).toEqual([200, '', '7']);
    expect((await ann.get('/look')).body).toBe('1');
  });

  it('keeps what is put into a session after the head is out, and begins none then', async () => {
    const { visitor, store } = await start({
      '/': (req, res) => {
        own(req).n ??= 1;
        res.write('a');
        own(req).late = true;
        res.end('b');
      },
      '/late': (req, res) => {
        own(req);
        res.write('a');
        own(req).n = 1;
        res.end('b');
      },
      '/look': (req, res) => res.end(JSON.stringify(own(req).late) ?? 'none'),
    });
    const ann = visitor();
    expect((await ann.get('/')).body).toBe('ab');
    expect((await ann.get('/look')).body).toBe('true');
    expect((await visitor().get('/late')).body).toBe('ab');
    expect(store.size).toBe(1);
  });

  it('looks begun while it is held: nothing else answers', async () => {
    const seen: unknown[] = [];
    const { visitor } = await start({
      '/': async (req, res) => {
        own(req).n = 1;
        res.end('once');
        seen.push(res.headersSent);
        throw new Error('after the end');
      },
    });
    const answer = await visitor().get('/');
    expect(seen).toEqual([true]);
    expect([answer.status, answer.body]).toEqual([200, 'once']);
  });

  it('survives a client that leaves while it is held', async () => {
    const { visitor, store, port } = await start({
      '/': (req, res) => {
        own(req).n = 1;
        res.end('x');
      },
      '/look': look,
    });
    const kept = barrier();
    store.before = (step) => (step === 'insert' ? kept.wait() : undefined);
    const request = http.get({ port, host: '127.0.0.1', headers: { host: 'shop.example' } });
    request.on('error', () => undefined);
    await kept.reached;
    request.destroy();
    await new Promise((resolve) => request.once('close', resolve));
    kept.open();
    expect((await visitor().get('/look')).body).toBe('none');
  });

  it('breaks an answer off that has begun, where the end could not be kept', async () => {
    const { store, port } = await start({
      '/': (req, res) => {
        own(req);
        res.write('begun');
        own(req).n = 1;
        store.now = 'reject';
        res.end('and done');
      },
      '/first': (req, res) => {
        own(req).n = 0;
        res.end();
      },
    });
    const ann = browser(`http://127.0.0.1:${port}`);
    await ann.get('/first');
    await expect(ann.get('/')).rejects.toThrow();
  });

  it('lets no shared cache have the cookie, whatever the app says', async () => {
    const { visitor } = await start({
      '/': (req, res) => {
        res.setHeader('Cache-Control', 'public, max-age=600');
        own(req).n = 1;
        res.end();
      },
      '/read': (req, res) => {
        own(req);
        res.end();
      },
    });
    const ann = visitor();
    const answer = await ann.get('/');
    expect(answer.headers['set-cookie']).toHaveLength(1);
    expect(answer.headers['cache-control']).toBe('private, no-store');
    const read = await ann.get('/read');
    expect(read.headers['cache-control']).toBe('private, no-store');
  });

  it.each(['reject', 'hang'] as const)(
    'says 503 where the store does not answer (%s); other routes go on',
    async (how) => {
      const { visitor, store } = await start({
        '/put': (req, res) => {
          own(req).n = 1;
          res.end('kept');
        },
        '/out': async (req: IncomingMessage, res: ServerResponse) => {
          await own(req).destroy();
          res.end('you are logged out');
        },
        '/look': look,
        '/open': (_req, res) => res.end('open'),
      });
      const ann = visitor();
      await ann.get('/put');
      const token = ann.jar.get('__Host-session');
      store.now = how;
      const answers = [
        await ann.get('/look'),
        await ann.get('/put'),
        await ann.get('/out'),
        await visitor().get('/put'),
      ];
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
      for (const { body, headers } of answers) {
        expect(body).toContain('ERR_UNAVAILABLE');
        expect(body + JSON.stringify(headers)).not.toMatch(/kept|hunter2|logged out/);
        expect(headers['set-cookie']).toBeUndefined();
      }
      expect((await ann.get('/open')).body).toBe('open');
      expect((await visitor().get('/look')).body).toBe('none');
      expect(ann.jar.get('__Host-session')).toBe(token);
    },
  );

  it('does not say that somebody has logged out whose session could not be ended', async () => {
    const { visitor, store } = await start({
      '/put': (req, res) => {
        own(req).n = 1;
        res.end();
      },
      '/out': async (req, res) => {
        store.now = 'reject';
        await own(req).destroy();
        res.end('you are logged out');
      },
      '/null': (req, res) => {
        store.now = 'reject';
        (req as unknown as { session: null }).session = null;
        res.end('you are logged out');
      },
    });
    for (const path of ['/out', '/null']) {
      store.now = 'answer';
      // The breaker of the store is closed again by its probe.
      const ann = visitor();
      await ann.get('/put');
      if (ann.jar.size === 0) continue;
      const answer = await ann.get(path);
      expect([answer.status, answer.headers['set-cookie']]).toEqual([503, undefined]);
      // With its token it can be tried again.
      expect(ann.jar.size).toBe(1);
    }
  });
});
