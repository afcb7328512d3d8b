import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUIET } from '../../../../test/support/ask.ts';
import { EXPRESS, type Express, type Listener, type Served, serve } from '../../../../test/support/http.ts';
import { CHECKS } from '../../../checks.ts';
import type { Middleware } from '../../../context.ts';
import type { Refusal } from '../../../errors.ts';
import { secure } from '../../../secure.ts';
import { say, statusOf } from '../../limits/fixtures/raw-socket.ts';
import { GOOD_TARGETS, REFUSED_TARGETS } from '../fixtures/url-corpus.ts';
import { input, urlGate } from '../index.ts';
import { objectionToPath } from './url-gate.ts';
import { URL_DEFAULTS } from './url-options.ts';

const REFUSED = Object.entries(REFUSED_TARGETS).flatMap(([reason, targets]) =>
  targets.map((target) => [target, reason] as const),
);

const root = mkdtempSync(join(tmpdir(), 'bulwark-url-'));
beforeAll(() => {
  for (const folder of ['admin', 'public']) mkdirSync(join(root, folder));
  writeFileSync(join(root, 'admin', 'secret.txt'), 'the secret');
});
afterAll(() => rmSync(root, { recursive: true }));

/** A guard on a prefix, files behind it, and a page for the rest. */
function build(express: Express, ...guards: Middleware[]): ReturnType<Express> {
  const app = express();
  for (const guard of guards) app.use(guard);
  app.use('/admin', (_req, res) => void res.status(403).send('guarded'));
  app.use(express.static(root));
  app.use((_req, res) => void res.send('a page'));
  app.use(((error: Refusal, _req, res, _next) => {
    res.status(error.status ?? 500).json({ code: error.code, reason: error.reason });
  }) as import('express').ErrorRequestHandler);
  return app;
}

async function ask(served: Served, target: string): Promise<{ status: number; body: string }> {
  const heard = await say(served.port, `GET ${target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`);
  return { status: statusOf(heard), body: heard.slice(heard.indexOf('\r\n\r\n') + 4) };
}

/** What gets past the guard of the app above, measured; the same on Express 4 and 5. */
const BYPASSES = [
  '/admin%2fsecret.txt',
  '/admin%2Fsecret.txt',
  '/%2fadmin/secret.txt',
  '//admin/secret.txt',
  '///admin/secret.txt',
  'http://shop.example//admin/secret.txt',
  'https://shop.example/admin%2fsecret.txt',
  '/public/../admin/secret.txt',
  '/./admin/secret.txt',
  '/%2e/admin/secret.txt',
  '/public/%2e%2e/admin/secret.txt',
  '/public/%2E%2E/admin/secret.txt',
  '/public/.%2e/admin/secret.txt',
  '/public/%2e./admin/secret.txt',
  'http://shop.example/public/../admin/secret.txt',
  '/%61dmin/secret.txt',
  '/admi%6e/secret.txt',
];

describe.each(EXPRESS)('addresses on Express %s', (_, express) => {
  it('control: a guard on a prefix holds for its own spelling, and is passed under many others', async () => {
    const served = await serve(build(express));
    expect(await ask(served, '/admin/secret.txt')).toMatchObject({ status: 403 });
    const passed = [];
    for (const [target] of REFUSED) if ((await ask(served, target)).body === 'the secret') passed.push(target);
    expect(passed.toSorted()).toEqual(BYPASSES.toSorted());
    await served.close();
  });

  it.each<[string, () => unknown]>([
    ['urlGate()', () => build(express, urlGate())],
    ['input()', () => build(express, input())],
  ])('%s refuses each of them, and says why', async (_name, make) => {
    const served = await serve(make());
    for (const [target, reason] of REFUSED) {
      const { status, body } = await ask(served, target);
      expect([target, status, body]).toEqual([target, 400, JSON.stringify({ code: 'ERR_URL_INVALID', reason })]);
    }
    for (const target of GOOD_TARGETS) expect([target, (await ask(served, target)).body]).toEqual([target, 'a page']);
    expect((await ask(served, '/admin/secret.txt')).body).toBe('guarded');
    await served.close();
  });

  it('secure() refuses each of them too', async () => {
    const app = build(express);
    secure(app, QUIET);
    const served = await serve(app);
    for (const [target] of REFUSED) {
      const { status, body } = await ask(served, target);
      // A host or scheme that is not the app's own is the client practice's to refuse.
      expect([target, status, /ERR_(URL|HOST)_INVALID/.test(body)]).toEqual([target, 400, true]);
    }
    for (const target of ['/a.b', '/.well-known/x', '/caf%C3%A9'])
      expect((await ask(served, target)).body).toBe('a page');
    await served.close();
  });

  it('node refuses raw control characters and raw bytes by itself, and so does the rule', async () => {
    const served = await serve(build(express));
    for (const target of ['/a\u0000b', '/a\u0001b', '/a\tb', '/a\u007fb', '/caf\u00e9', '/\u0080']) {
      expect([target, (await ask(served, target)).status]).toEqual([target, 400]);
      expect(objectionToPath(target)).toMatch(/control character|must be percent-encoded/);
    }
    await served.close();
  });

  it('what a router has cut off is looked at too', async () => {
    const app = express();
    app.use('/below', urlGate());
    app.use((_req, res) => void res.send('a page'));
    const served = await serve(app);
    expect((await ask(served, '/below/a')).body).toBe('a page');
    expect((await ask(served, '/below//a')).status).toBe(400);
    await served.close();
  });
});

describe('hatches', () => {
  const HATCHES = [
    ['dangerouslyAllowEncodedSlash', ['/proxy/https%3A%2F%2Fshop.example%2Fa', '/a%2fb'], ['/a%2f..%2fb', '/a//b']],
    ['dangerouslyAllowSemicolon', ['/map;zoom=3/x', '/a%3bb'], ['/public/..;/admin', '/.;x/admin', '/a//b']],
    ['dangerouslyAllowDoubleSlash', ['//a', '/a//b'], ['/a%2f/b', '//..//a']],
    [
      'dangerouslyAllowDoubleEncoding',
      ['/a%2541', '/a%252fb'],
      ['/%252e%252e/a', '/a%252f..', '/a%2fb', '/%252e%252e;/a'],
    ],
    ['dangerouslyAllowNeedlessEncoding', ['/%61dmin', '/a%2eb'], ['/%2e%2e/a', '/a%2fb']],
  ] as const;

  it.each(HATCHES)('%s opens that and nothing else', (name, open, closed) => {
    for (const target of open) {
      expect([target, objectionToPath(target)]).toEqual([target, expect.any(String)]);
      expect([target, objectionToPath(target, { ...URL_DEFAULTS, [name]: true })]).toEqual([target, undefined]);
    }
    for (const target of closed) {
      expect([target, objectionToPath(target, { ...URL_DEFAULTS, [name]: true })]).toEqual([
        target,
        expect.any(String),
      ]);
    }
  });

  it('with all of them open, dot segments, backslashes and control characters stay out', () => {
    const all = Object.fromEntries(Object.keys(URL_DEFAULTS).map((name) => [name, true])) as never;
    for (const target of ['/a/../b', '/a%2f%2e%2e%2fb', '/%252e%252e/a', '/..;/a', '/a%5cb', '/a%00', '/a#b', '/%ff']) {
      expect([target, objectionToPath(target, all)]).toEqual([target, expect.any(String)]);
    }
  });

  it.each(HATCHES)('%s shows in the audit', async (name) => {
    const [[, express]] = EXPRESS;
    const app = express();
    app.get('/', (_req, res) => void res.send('home'));
    const gate = secure(app, { ...QUIET, https: {}, input: { url: { [name]: true } } });
    const { findings } = await gate.selfTest();
    const seen = findings.filter(({ id }) => id === 'input/escape-hatch').map(({ message }) => message);
    expect(seen).toEqual([expect.stringContaining(`input.url.${name}`)]);
    expect(CHECKS.some(({ id }) => id === 'input/escape-hatch')).toBe(true);
  });
});

describe('the path', () => {
  it('the target of OPTIONS *, and none at all', () => {
    expect(objectionToPath('*')).toBeUndefined();
    expect(objectionToPath('')).toBeUndefined();
  });

  it('on node:http alone', async () => {
    const gate = input();
    const listener: Listener = (req, res) =>
      gate(req, res, (error) => {
        res.statusCode = (error as Refusal | undefined)?.status ?? 200;
        res.end((error as Refusal | undefined)?.code ?? 'handled');
      });
    const served = await serve(listener);
    expect((await ask(served, '/%00')).body).toBe('ERR_URL_INVALID');
    expect((await ask(served, '/?a[b]=1')).body).toBe('ERR_QUERY_INVALID');
    expect((await ask(served, '/')).body).toBe('handled');
    await served.close();
  });
});
