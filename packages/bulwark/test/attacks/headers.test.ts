import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import helmet from 'helmet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, expectCovered, one } from '../support/ask.ts';
import { EXPRESS } from '../support/http.ts';
import { type App, handWire, pairOf } from './support/hand-wired.ts';

const MALFORMED = { method: 'POST', target: '/login', headers: { 'content-type': 'application/json' }, body: '{"a":' };
const PAGE = { headers: { accept: 'text/html' } };

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulwark-attacks-'));
  writeFileSync(join(folder, 'app.js'), 'start()');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(EXPRESS)('headers on Express %s', (_version, express) => {
  it('1.1.5a: HSTS over plain HTTP, where it says nothing and whoever sits between can send it too', async () => {
    const build = (): App => {
      const app = express();
      handWire(app, express);
      app.get('/', (_req, res) => void res.send('home'));
      return app;
    };
    const { wired, secured } = pairOf(build, { https: {}, proxy: 'nginx' });
    expect((await one(wired, PAGE)).headers['strict-transport-security']).toContain('max-age');
    const [plain, api, tls] = await ask(
      secured,
      PAGE,
      {},
      { headers: { 'x-forwarded-for': '203.0.113.1', 'x-forwarded-proto': 'https' } },
    );
    expect([plain?.status, api?.status, tls?.status]).toEqual([308, 403, 200]);
    expect(plain?.headers['strict-transport-security']).toBeUndefined();
    expect(api?.headers['strict-transport-security']).toBeUndefined();
    expect(tls?.headers['strict-transport-security']).toBe('max-age=63072000; includeSubDomains');
  });

  it('1.1.5b: no Permissions-Policy, and the page of an account is kept by caches', async () => {
    const build = (): App => {
      const app = express();
      handWire(app, express);
      app.get('/account', (_req, res) => void res.send('<h1>ann@shop.example</h1>'));
      return app;
    };
    const { wired, secured } = pairOf(build);
    const kept = await one(wired, { target: '/account' });
    expect(kept.headers['permissions-policy']).toBeUndefined();
    expect(kept.headers['cache-control']).toBeUndefined();
    const answer = await one(secured, { target: '/account' });
    expect(answer.headers['permissions-policy']).toContain('camera=()');
    expect(answer.headers['cache-control']).toBe('no-store, max-age=0');
  });

  it('1.1.6: express.json() before helmet(): the answer to a malformed body goes out bare', async () => {
    const build = (): App => {
      const app = express();
      handWire(app, express, { order: ['json', 'helmet'] });
      app.post('/login', (_req, res) => void res.send('unreached'));
      return app;
    };
    const { wired, secured } = pairOf(build);
    const bare = await one(wired, MALFORMED);
    expect(bare.status).toBe(400);
    expect(bare.headers['x-powered-by']).toBe('Express');
    for (const name of ['strict-transport-security', 'x-frame-options']) expect(bare.headers[name]).toBeUndefined();
    const answer = await one(secured, MALFORMED);
    expect(answer.json()).toMatchObject({ status: 400, code: 'ERR_BODY_MALFORMED' });
    expectCovered(answer);
    expect(answer.headers['x-frame-options']).toBe('deny');
  });

  it('2.1: static files and the parser before helmet(): assets and errors without headers', async () => {
    const build = (): App => {
      const app = express();
      app.use('/assets', express.static(folder));
      handWire(app, express, { order: ['json', 'helmet'] });
      return app;
    };
    const { wired, secured } = pairOf(build);
    const bare = await one(wired, { target: '/assets/app.js' });
    expect(bare.status).toBe(200);
    expect(bare.headers['x-content-type-options']).toBeUndefined();
    expect(bare.headers['x-powered-by']).toBe('Express');
    const [asset, unchanged, missing] = await ask(
      secured,
      { target: '/assets/app.js' },
      { target: '/assets/app.js', headers: { 'if-none-match': bare.headers.etag ?? '' } },
      { target: '/assets/none.js' },
    );
    expect([asset?.status, unchanged?.status, missing?.status]).toEqual([200, 304, 404]);
    for (const answer of [asset, unchanged, missing]) {
      if (answer === undefined) throw new Error('an answer is missing');
      expectCovered(answer);
    }
  });

  it('2.6: the pages of the API docs above helmet(), “to make them work”', async () => {
    const build = (): App => {
      const app = express();
      app.use('/docs', (_req, res) => void res.send('<!doctype html><div id="swagger-ui"></div>'));
      app.use(helmet());
      return app;
    };
    const { wired, secured } = pairOf(build);
    const framed = await one(wired, { target: '/docs' });
    expect(framed.headers['content-security-policy']).toBeUndefined();
    expect(framed.headers['x-frame-options']).toBeUndefined();
    const answer = await one(secured, { target: '/docs' });
    expectCovered(answer);
    expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });
});
