import type http from 'node:http';
import expressRateLimit from 'express-rate-limit';
import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Received, type Sent, type Served, send, serve } from '../../../test/support/http.ts';
import { createApp as createSecured } from './fixtures/secured/app.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';
import { memoryRateLimitStore, type RateLimitOptions, rateLimit } from './index.ts';

const open: Served[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

async function start(app: unknown): Promise<string> {
  const served = await serve(app);
  open.push(served);
  return served.url;
}

async function sendAll(url: string, sent: readonly Sent[]): Promise<Received[]> {
  const all: Received[] = [];
  for (const one of sent) all.push(await send(url, one));
  return all;
}

const times = (count: number, sent: Sent = {}): Sent[] => Array.from({ length: count }, () => sent);
const statuses = (answers: readonly Received[]): number[] => answers.map(({ status }) => status);
const passed = (answers: readonly Received[]): number => answers.filter(({ status }) => status !== 429).length;

describe.each(EXPRESS)('rateLimit on Express %s', (_, express) => {
  function app(options: RateLimitOptions): unknown {
    const made = express();
    made.use(rateLimit({ window: '15m', ...options }));
    made.get('/', (_req, res) => {
      res.send('hello');
    });
    made.get('/old', (_req, res) => {
      res.redirect('/');
    });
    return made;
  }

  it('lets the limit through and refuses the rest with 429, Retry-After and what is left', async () => {
    const url = await start(app({ limit: 3 }));
    const answers = await sendAll(url, times(5));
    expect(statuses(answers)).toEqual([200, 200, 200, 429, 429]);
    expect(answers.map(({ headers }) => headers.ratelimit)).toEqual([
      '"default";r=2;t=300',
      '"default";r=1;t=300',
      '"default";r=0;t=300',
      '"default";r=0;t=300',
      '"default";r=0;t=300',
    ]);
    expect(answers[0]?.headers['ratelimit-policy']).toBe('"default";q=3;w=900');
    expect(answers[0]?.headers['retry-after']).toBeUndefined();
    expect(answers[3]?.headers['retry-after']).toBe('300');
  });

  it('counts at most the limit where all come at once', async () => {
    const url = await start(app({ limit: 10 }));
    expect(passed(await Promise.all(times(30).map((sent) => send(url, sent))))).toBe(10);
  });

  it('counts clients apart', async () => {
    const url = await start(app({ limit: 2 }));
    expect(passed(await sendAll(url, times(4, { from: '127.0.0.1' })))).toBe(2);
    expect(passed(await sendAll(url, times(4, { from: '127.0.0.2' })))).toBe(2);
  });

  it('says Retry-After of at least one second, also for a fraction of one', async () => {
    const url = await start(app({ limit: 2, window: '1s', now: () => 5 }));
    const answers = await sendAll(url, times(3));
    expect(answers[2]?.status).toBe(429);
    expect(answers[2]?.headers['retry-after']).toBe('1');
  });

  it('lets pass again after Retry-After', async () => {
    let time = 0;
    const url = await start(app({ limit: 2, window: '1m', now: () => time }));
    expect(statuses(await sendAll(url, times(3)))).toEqual([200, 200, 429]);
    time = 29_000;
    expect(statuses(await sendAll(url, times(1)))).toEqual([429]);
    time = 30_000;
    expect(statuses(await sendAll(url, times(2)))).toEqual([200, 429]);
  });

  it('sends its headers with redirects and 404 too, and none where they are off', async () => {
    const url = await start(app({}));
    for (const target of ['/', '/old', '/nothing-here']) {
      expect((await send(url, { target })).headers['ratelimit-policy'], target).toBe('"default";q=300;w=900');
    }
    const silent = await start(app({ headers: false }));
    const answer = await send(silent);
    expect(answer.headers).not.toHaveProperty('ratelimit');
    expect(answer.headers).not.toHaveProperty('ratelimit-policy');
  });

  it('counts a request once where it is mounted twice', async () => {
    const made = express();
    const limiter = rateLimit({ limit: 4, window: '15m' });
    made.use(limiter);
    made.use('/', limiter);
    made.get('/', (_req, res) => {
      res.send('hello');
    });
    const url = await start(made);
    expect((await send(url)).headers.ratelimit).toContain('r=3');
  });

  it('counts by cost', async () => {
    const url = await start(app({ limit: 10, cost: (req) => (req.url === '/' ? 4 : 0.5) }));
    expect((await send(url)).headers.ratelimit).toContain('r=6');
    expect((await send(url, { target: '/old' })).headers.ratelimit).toContain('r=5');
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 'x', undefined])(
    'refuses to let a request pass that costs %j',
    async (cost) => {
      const url = await start(app({ cost: () => cost as number }));
      expect((await send(url)).status).toBe(500);
    },
  );

  it('blocks for as long as the penalty says', async () => {
    let time = 0;
    const url = await start(app({ limit: 2, window: '1m', penalty: { after: 2, block: '15m' }, now: () => time }));
    expect(statuses(await sendAll(url, times(4)))).toEqual([200, 200, 429, 429]);
    time = 60_000;
    const blocked = await send(url);
    expect(blocked.status).toBe(429);
    expect(blocked.headers['retry-after']).toBe('840');
    expect(blocked.headers.ratelimit).toBe('"default";r=0;t=840');
    time = 900_000;
    expect((await send(url)).status).toBe(200);
  });

  describe('place: in front of the parser', () => {
    const megabyte = JSON.stringify({ text: 'x'.repeat(1_000_000) });
    const json = { 'content-type': 'application/json' };

    it('parses nothing for a client that is over its limit', async () => {
      const parsed = { bytes: 0 };
      const url = await start(createSecured(express, parsed, { limit: 1 }));
      const answers = await sendAll(url, times(5, { method: 'POST', target: '/login', headers: json, body: megabyte }));
      expect(statuses(answers)).toEqual([401, 429, 429, 429, 429]);
      expect(parsed.bytes).toBe(megabyte.length);
    });

    it('control: after express.json() five megabytes are parsed although four requests are refused', async () => {
      const parsed = { bytes: 0 };
      const url = await start(createVulnerable(express, parsed, { limit: 1 }));
      const answers = await sendAll(url, times(5, { method: 'POST', target: '/login', headers: json, body: megabyte }));
      expect(statuses(answers)).toEqual([401, 429, 429, 429, 429]);
      expect(parsed.bytes).toBe(5 * megabyte.length);
    });

    it('counts bodies that cannot be parsed', async () => {
      const url = await start(createSecured(express, undefined, { limit: 3 }));
      const answers = await sendAll(url, times(5, { method: 'POST', target: '/login', headers: json, body: '{"a":' }));
      expect(statuses(answers)).toEqual([400, 400, 400, 429, 429]);
    });

    it('control: after express.json() a flood of malformed bodies is never refused', async () => {
      const url = await start(createVulnerable(express));
      const answers = await sendAll(url, times(8, { method: 'POST', target: '/login', headers: json, body: '{"a":' }));
      expect(statuses(answers)).toEqual(Array(8).fill(400));
    });

    it('control: express-rate-limit behind the routes limits nothing', async () => {
      const made = express();
      made.get('/', (_req, res) => {
        res.send('hello');
      });
      made.use(expressRateLimit({ windowMs: 900_000, limit: 1, validate: false }));
      const url = await start(made);
      expect(statuses(await sendAll(url, times(4)))).toEqual([200, 200, 200, 200]);
    });
  });

  describe('who is calling', () => {
    const spoofed = Array.from({ length: 8 }, (_unused, i) => ({
      headers: { 'x-forwarded-for': `203.0.113.${i}`, forwarded: `for=203.0.113.${i}`, 'x-real-ip': `203.0.113.${i}` },
    }));

    it('does not believe the sender, whatever "trust proxy" says', async () => {
      const url = await start(createSecured(express, undefined, { limit: 3 }));
      expect(passed(await sendAll(url, spoofed))).toBe(3);
    });

    it('control: with "trust proxy" true all of 8 spoofed requests pass a limit of 3', async () => {
      const url = await start(createVulnerable(express));
      expect(passed(await sendAll(url, spoofed))).toBe(8);
    });

    it('control: with a key function of the sort that is copied around they pass as well', async () => {
      const made = express();
      made.set('trust proxy', true);
      made.use(expressRateLimit({ limit: 3, keyGenerator: (req) => req.ip as string, validate: false }));
      made.get('/', (_req, res) => {
        res.send('hello');
      });
      expect(passed(await sendAll(await start(made), spoofed))).toBe(8);
    });

    it('keeps the client in the key of a custom function', async () => {
      const url = await start(app({ limit: 2, key: () => 'one for all' }));
      expect(passed(await sendAll(url, times(4, { from: '127.0.0.1' })))).toBe(2);
      expect(passed(await sendAll(url, times(4, { from: '127.0.0.2' })))).toBe(2);
    });

    it('leaves it out only where that is asked for by its dangerous name', async () => {
      const url = await start(app({ limit: 2, key: () => 'one for all', dangerouslyReplaceKey: true }));
      expect(passed(await sendAll(url, times(4, { from: '127.0.0.1' })))).toBe(2);
      expect(passed(await sendAll(url, times(4, { from: '127.0.0.2' })))).toBe(0);
    });
  });
});

describe('rateLimit without Express', () => {
  it('works on bare node:http', async () => {
    const limiter = rateLimit({ limit: 2, window: '15m' });
    const url = await start((req: http.IncomingMessage, res: http.ServerResponse) => {
      limiter(req, res, (error) => {
        if (error === undefined) return res.end('hello');
        const { status, headers } = error as { status: number; headers: Record<string, string> };
        res.writeHead(status, headers).end();
      });
    });
    const answers = await sendAll(url, times(3));
    expect(statuses(answers)).toEqual([200, 200, 429]);
    expect(answers[2]?.headers).toMatchObject({ 'retry-after': '450', ratelimit: '"default";r=0;t=450' });
  });

  it('names the limit, and nothing of the request, in its refusal', async () => {
    const limiter = rateLimit({ limit: 1, name: 'api', store: memoryRateLimitStore() });
    const errors: unknown[] = [];
    const url = await start((req: http.IncomingMessage, res: http.ServerResponse) => {
      limiter(req, res, (error) => {
        errors.push(error);
        res.end();
      });
    });
    await sendAll(url, times(2));
    expect(errors[0]).toBeUndefined();
    expect(errors[1]).toMatchObject({
      code: 'ERR_RATE_LIMIT',
      status: 429,
      reason: 'limit "api" is used up',
      extensions: { 'violated-policies': ['api'] },
    });
  });

  it('answers at once: no promise stands between the socket and the handler', async () => {
    const limiter = rateLimit();
    let wasSync = false;
    const url = await start((req: http.IncomingMessage, res: http.ServerResponse) => {
      let called = false;
      limiter(req, res, () => {
        called = true;
      });
      wasSync = called;
      res.end();
    });
    await send(url);
    expect(wasSync).toBe(true);
  });
});
