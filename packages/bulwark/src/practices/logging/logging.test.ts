import http from 'node:http';
import { describe, expect, it } from 'vitest';
import { EXPRESS, send } from '../../../test/support/http.ts';
import { contextOf } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import { home, memory, serveAny, setUp, UUID } from './fixtures/memory-log.ts';
import { logging } from './index.ts';

describe.each(EXPRESS)('on Express %s', (_, express) => {
  it('writes one line for a request, and says its id', async () => {
    const { url, log } = await setUp(express, (app) => {
      const router = express.Router();
      router.get('/:id', (_req, res) => void res.send('home'));
      app.use('/notes', router);
    });
    const answer = await send(`${url}/notes/7?token=hunter2`, { headers: { 'User-Agent': 'test/1' } });
    await log.until(1);
    expect(answer.headers['x-request-id']).toMatch(UUID);
    expect(log.lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        requestId: answer.headers['x-request-id'],
        method: 'GET',
        path: '/notes/7',
        status: 200,
        durationMs: expect.any(Number),
        bytes: 4,
        ip: '127.0.0.1',
        host: url.slice('http://'.length),
        userAgent: 'test/1',
        msg: 'request',
      },
    ]);
  });

  it('writes an internal failure with its stack, and the client gets the id of the line', async () => {
    const { url, log } = await setUp(express, (app) => {
      app.get('/', () => {
        throw Object.assign(new Error('query failed', { cause: new TypeError('inner') }), {
          code: 'ER_X',
          sql: 'SELECT hunter2',
        });
      });
    });
    const answer = await send(url);
    await log.until(1);
    const [line] = log.lines;
    expect(line).toMatchObject({
      level: 'error',
      msg: 'request failed',
      status: 500,
      code: 'ERR_INTERNAL',
      requestId: answer.json().requestId,
      error: {
        type: 'Error',
        message: 'query failed',
        code: 'ER_X',
        stack: expect.stringMatching(/^at .*logging\.test\.ts:\d+:\d+/),
        cause: { type: 'TypeError', message: 'inner' },
      },
    });
    expect(log.raw.join('')).not.toContain('hunter2');
  });

  it('writes a refusal at warn, with code and reason and without a stack', async () => {
    const { url, log } = await setUp(express, (app) => {
      app.get('/', (_req, _res, next) => {
        next(
          new Refusal('ERR_RATE_LIMIT', {
            reason: 'limit "a" is used up',
            cause: new Error('store: password=hunter2'),
          }),
        );
      });
    });
    await send(url);
    await send(`${url}/none`);
    await log.until(2);
    expect(log.lines).toMatchObject([
      {
        level: 'warn',
        msg: 'request refused',
        status: 429,
        code: 'ERR_RATE_LIMIT',
        reason: 'limit "a" is used up',
        cause: { message: 'store: password=[redacted]' },
      },
      { level: 'info', msg: 'request refused', status: 404, code: 'ERR_NOT_FOUND' },
    ]);
    expect(log.lines[0]).not.toHaveProperty('error');
  });

  it('says nothing of a body that could not be parsed', async () => {
    const { url, log } = await setUp(express, (app) => app.use(express.json()));
    const body = '{"user":"ann","password":"hunter2"';
    await send(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    await send(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":hunter2}' });
    await log.until(2);
    expect(log.lines[1]).toMatchObject({
      level: 'warn',
      status: 400,
      code: 'ERR_BODY_MALFORMED',
      error: { type: 'SyntaxError' },
    });
    expect(log.raw.join('')).not.toMatch(/hunter2|ann/);
  });

  it('writes 500 of the app’s own at error', async () => {
    const { url, log } = await setUp(
      express,
      (app) => void app.get('/', (_req, res) => void res.status(500).send('x')),
    );
    await send(url);
    await log.until(1);
    expect(log.lines[0]).toMatchObject({ level: 'error', status: 500, msg: 'request failed' });
  });

  it('writes one quiet line where the client goes away', async () => {
    const { url, log } = await setUp(express, (app) => {
      app.get('/', () => undefined);
      app.post('/', express.raw({ type: () => true }), (_req, res) => void res.end());
    });
    const request = http.get(url, { agent: false });
    request.on('error', () => undefined);
    setTimeout(() => request.destroy(), 50);
    await log.until(1);
    const upload = http.request(url, { method: 'POST', agent: false, headers: { 'content-length': 100 } });
    upload.on('error', () => undefined);
    upload.write('half');
    setTimeout(() => upload.destroy(), 50);
    await log.until(2);
    expect(log.lines).toMatchObject([
      { level: 'info', aborted: true, msg: 'request aborted' },
      { level: 'info', aborted: true, msg: 'request aborted' },
    ]);
    expect(log.lines[0]).not.toHaveProperty('status');
    expect(log.lines[1]).not.toHaveProperty('error');
  });

  it.each(['/answered', '/left'])('writes the failure of a handler after its request is over: %s', async (path) => {
    const { url, log } = await setUp(express, (app) => {
      app.use((req, res, next) => {
        if (req.path === '/answered') res.send('home');
        res.once('close', () => setImmediate(() => next(new TypeError('query failed'))));
      });
    });
    const request = http.get(url + path, (answer) => void answer.resume()).on('error', () => undefined);
    if (path === '/left') setTimeout(() => request.destroy(), 50);
    await log.until(2);
    const [first, late] = log.lines;
    expect(late).toMatchObject({
      level: 'error',
      msg: 'request failed late',
      path,
      requestId: first?.requestId,
      error: { type: 'TypeError', message: 'query failed', stack: expect.stringContaining('at ') },
    });
  });

  it('writes a response that was cut off as a failure', async () => {
    const { url, log } = await setUp(express, (app) => {
      app.get('/', (_req, res, next) => {
        res.write('half');
        setImmediate(() => next(new Error('the other half')));
      });
    });
    await expect(send(url)).rejects.toThrow();
    await log.until(1);
    expect(log.lines[0]).toMatchObject({
      level: 'error',
      aborted: true,
      status: 200,
      error: { message: 'the other half' },
    });
  });
});

const [, [, express]] = EXPRESS;

describe('the request id', () => {
  it('is its own for each request, whatever a client sends', async () => {
    const { url } = await setUp(express, home);
    const ids = await Promise.all(
      Array.from(
        { length: 5 },
        async () => (await send(url, { headers: { 'X-Request-Id': 'client-chosen' } })).headers['x-request-id'],
      ),
    );
    expect(new Set(ids).size).toBe(5);
    for (const id of ids) expect(id).toMatch(UUID);
  });

  it.each([
    ['gateway-0123.a_b', true],
    ['short', false],
    ['x'.repeat(128), true],
    ['x'.repeat(129), false],
    ['with space 12', false],
    ['"}forged{"a":"', false],
    ['ünïcödé-12345', false],
  ])('of a trusted gateway, %j, is taken over: %s', async (sent, taken) => {
    const { url, log } = await setUp(express, home, { trustRequestId: true });
    const answer = await send(url, { headers: { 'X-Request-Id': sent } });
    await log.until(1);
    expect(answer.headers['x-request-id'] === sent).toBe(taken);
    expect(log.lines[0]?.requestId).toBe(answer.headers['x-request-id']);
  });

  it('is on req.id, unless another logger was there first', async () => {
    const seen: unknown[] = [];
    const handler = logging({ level: false });
    const url = await serveAny((req: http.IncomingMessage & { id?: unknown }, res: http.ServerResponse) => {
      if (req.url === '/other') req.id = 'other';
      handler(req, res, () => seen.push([req.id, contextOf(req).requestId]));
      res.end();
    });
    await send(url);
    await send(`${url}/other`);
    expect(seen).toEqual([
      [expect.stringMatching(UUID), expect.stringMatching(UUID)],
      ['other', expect.stringMatching(UUID)],
    ]);
  });
});

describe('a line', () => {
  it('cannot be forged or disguised by what a client sends', async () => {
    const log = memory();
    const handler = logging({ stream: log, headers: ['X-Note', 'Referer'] });
    const url = await serveAny((req: http.IncomingMessage, res: http.ServerResponse) => {
      // What a parser less strict than node's would let through.
      req.url = '/a\n{"level":"info","path":"/forged"}\u2028\u202etxt.exe\u001b[2J?x=1';
      req.headers['user-agent'] = `\u001b]0;title\u0007${'x'.repeat(1000)}`;
      req.headers['x-note'] = 'a\r\nb\u200b\u2066\ud800';
      req.headers.referer = 'https://ann:hunter2@a.example/b?token=hunter2';
      handler(req, res, () => res.end());
    });
    await send(url);
    await log.until(1);
    expect(log.raw).toHaveLength(1);
    expect(log.raw[0]).toMatch(/^[ -~\u2026]+\n$/);
    expect(log.lines[0]).toMatchObject({
      path: '/a\\u000a{"level":"info","path":"/forged"}\\u2028\\u202etxt.exe\\u001b[2J',
      headers: { 'x-note': 'a\\u000d\\u000ab\\u200b\\u2066\\ud800', referer: 'https://[redacted]@a.example/b' },
    });
    expect(String(log.lines[0]?.userAgent).length).toBeLessThan(280);
  });

  it('shows chosen headers, and secret ones as redacted', async () => {
    const names = [
      'Authorization',
      'Cookie',
      'Proxy-Authorization',
      'X-Api-Key',
      'X-CSRF-Token',
      'X-Session',
      'X-Amz-Signature',
    ];
    const { url, log } = await setUp(express, home, { headers: [...names, 'Accept-Language', 'X-Absent', 'X-Trace'] });
    const secret = Object.fromEntries(names.map((name) => [name, 'hunter2']));
    await send(url, { headers: { ...secret, 'Accept-Language': 'de', 'X-Trace': 'Bearer hunter2hunter2' } });
    await log.until(1);
    expect(log.lines[0]?.headers).toEqual({
      ...Object.fromEntries(names.map((name) => [name.toLowerCase(), '[redacted]'])),
      'accept-language': 'de',
      'x-trace': 'Bearer [redacted]',
    });
  });

  it('names query parameters where that is asked for, never their values', async () => {
    const { url, log } = await setUp(express, home, { query: 'names' });
    await send(`${url}/?token=hunter2&page=2&&flag`);
    await send(url);
    await log.until(2);
    expect(log.lines.map(({ query }) => query)).toEqual([['token', 'page', 'flag'], []]);
    expect(log.raw.join('')).not.toContain('hunter2');
  });

  it('is written once, by each log, whatever becomes of the response', async () => {
    const [log, other] = [memory(), memory()];
    const [first, second] = [logging({ stream: log }), logging({ stream: other })];
    const url = await serveAny((req: http.IncomingMessage, res: http.ServerResponse) => {
      first(req, res, () =>
        second(req, res, () => {
          Object.assign(res, { req: new http.IncomingMessage(req.socket) });
          res.once('close', () => res.emit('close'));
          res.end('home');
        }),
      );
    });
    await send(`${url}/first`);
    await send(`${url}/last`);
    await Promise.all([log.until(2), other.until(2)]);
    await new Promise((resolve) => void setTimeout(resolve, 20));
    for (const { lines } of [log, other]) {
      expect(lines.map(({ path, status }) => [path, status])).toEqual([
        ['/first', 200],
        ['/last', 200],
      ]);
    }
  });

  it('is not written for a probe of the self-test', async () => {
    const log = memory();
    const handler = logging({ stream: log });
    const url = await serveAny((req: http.IncomingMessage, res: http.ServerResponse) => {
      contextOf(req).selfTest = req.url === '/probe';
      handler(req, res, () => res.end());
    });
    await send(`${url}/probe`);
    await send(`${url}/request`);
    await log.until(1);
    expect(log.lines).toMatchObject([{ path: '/request' }]);
  });

  it('names the client that the client practice found', async () => {
    const log = memory();
    const handler = logging({ stream: log });
    const url = await serveAny((req: http.IncomingMessage, res: http.ServerResponse) => {
      Object.assign(contextOf(req), { client: { ip: '192.0.2.7', host: 'shop.example' } });
      handler(req, res, () => res.end());
    });
    await send(url);
    await log.until(1);
    expect(log.lines[0]).toMatchObject({ ip: '192.0.2.7', host: 'shop.example' });
  });
});
