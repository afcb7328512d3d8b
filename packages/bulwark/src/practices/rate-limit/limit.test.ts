import type http from 'node:http';
import type { Request } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Received, type Sent, type Served, send, serve } from '../../../test/support/http.ts';
import { contextOf } from '../../context.ts';
import { decisionOf } from '../../decisions.ts';
import type { Refusal } from '../../errors.ts';
import { plainHead } from '../../head.ts';
import { createApp as createSecured } from './fixtures/secured/app.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';
import { limit, memoryRateLimitStore, rateLimit, refund, routeLimits } from './index.ts';

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

describe.each(EXPRESS)('limit() on Express %s', (_, express) => {
  describe('limit() of a route', () => {
    const SPELLINGS = [
      '/login',
      '/LOGIN',
      '/login/',
      '/LogIn/?x=1',
      '/login?x=1',
      '/login?x=2',
      '//login',
      '/%6cogin',
      '/login#a',
    ];

    it('counts every spelling of the address as one', async () => {
      const url = await start(createSecured(express));
      const answers = await sendAll(
        url,
        SPELLINGS.flatMap((target) => times(2, { method: 'POST', target })),
      );
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(3);
    });

    it('control: keyed on originalUrl, each spelling has a limit of its own', async () => {
      const url = await start(createVulnerable(express, undefined, { limit: 1000 }));
      const answers = await sendAll(
        url,
        SPELLINGS.flatMap((target) => times(2, { method: 'POST', target })),
      );
      expect(answers.filter(({ status }) => status === 401).length).toBeGreaterThan(10);
    });

    it('counts HEAD and GET, and all routes that share it, as one', async () => {
      const made = express();
      const shared = limit({ limit: 3, window: '15m' });
      made.get('/a', shared, (_req, res) => {
        res.send('a');
      });
      made.get('/b/:id', shared, (_req, res) => {
        res.send('b');
      });
      const url = await start(made);
      const answers = await sendAll(url, [
        { target: '/a' },
        { target: '/a', method: 'HEAD' },
        { target: '/b/1' },
        { target: '/b/2' },
        { target: '/a' },
      ]);
      expect(statuses(answers)).toEqual([200, 200, 200, 429, 429]);
    });

    it('counts two limits apart, and tells the tighter one', async () => {
      const made = express();
      made.use(rateLimit({ limit: 100 }));
      made.get(
        '/a',
        limit({ name: 'a', limit: 3, window: '15m' }),
        limit({ name: 'b', limit: 2, window: '1h' }),
        (_req, res) => {
          res.send('a');
        },
      );
      const url = await start(made);
      const [first, , third] = await sendAll(url, times(3, { target: '/a' }));
      expect(first?.headers['ratelimit-policy']).toBe('"default";q=100;w=60, "a";q=3;w=900, "b";q=2;w=3600');
      expect(first?.headers.ratelimit).toBe('"b";r=1;t=1800');
      expect(third?.status).toBe(429);
      expect(third?.headers['retry-after']).toBe('1800');
    });

    it('counts by account from many addresses, however the name is spelled', async () => {
      const made = express();
      made.use(express.json());
      const account = (req: Request): string | undefined => (req.body as { email?: string } | undefined)?.email;
      made.post('/login', limit({ limit: 3, window: '1h', key: 'account', account }), (_req, res) => {
        res.status(401).send('no');
      });
      const url = await start(made);
      const emails: unknown[] = [
        'bob@shop.example',
        'BOB@shop.example',
        ' bob@shop.example ',
        'ｂｏｂ@shop.example',
        ['bob@shop.example'],
      ];
      const answers = await sendAll(
        url,
        emails.map((email, i) => ({
          method: 'POST',
          target: '/login',
          from: `127.0.0.${i + 1}`,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email }),
        })),
      );
      expect(statuses(answers)).toEqual([401, 401, 401, 429, 429]);
      // What others did to an account is nobody's business.
      expect(answers[0]?.headers).not.toHaveProperty('ratelimit');
    });

    it('control: by client alone, guessing from many addresses is not limited', async () => {
      const url = await start(createSecured(express));
      const answers = await sendAll(
        url,
        Array.from({ length: 9 }, (_unused, i) => ({ method: 'POST', target: '/login', from: `127.0.0.${i + 1}` })),
      );
      expect(statuses(answers)).toEqual(Array(9).fill(401));
    });

    it('counts by client where no account is named', async () => {
      const made = express();
      made.post('/login', limit({ limit: 2, window: '1h', key: 'account', account: () => undefined }), (_req, res) => {
        res.status(401).send('no');
      });
      const url = await start(made);
      const post = { method: 'POST', target: '/login' };
      expect(passed(await sendAll(url, times(4, { ...post, from: '127.0.0.1' })))).toBe(2);
      expect(passed(await sendAll(url, times(4, { ...post, from: '127.0.0.2' })))).toBe(2);
    });

    it("gives all clients one limit with key 'route'", async () => {
      const made = express();
      made.get('/report', limit({ limit: 3, window: '15m', key: 'route' }), (_req, res) => {
        res.send('expensive');
      });
      const url = await start(made);
      const answers = await sendAll(
        url,
        Array.from({ length: 5 }, (_unused, i) => ({ target: '/report', from: `127.0.0.${i + 1}` })),
      );
      expect(statuses(answers)).toEqual([200, 200, 200, 429, 429]);
    });

    it('does not let an exception of a key function pass uncounted', async () => {
      const made = express();
      const key = (req: http.IncomingMessage): string =>
        (req as { body?: { tenant: string } }).body?.tenant.toLowerCase() as string;
      made.post('/x', express.json(), limit({ limit: 3, key }), (_req, res) => {
        res.send('ran');
      });
      const url = await start(made);
      const answer = await send(url, {
        method: 'POST',
        target: '/x',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      expect(answer.status).toBe(500);
    });

    it('cannot be made while a request is handled', async () => {
      const made = express();
      made.get('/', (req, res, next) => {
        limit({ limit: 1, window: '15m' })(req, res, next);
      });
      made.get('/global', (req, res, next) => {
        rateLimit()(req, res, next);
      });
      const url = await start(made);
      expect(statuses(await sendAll(url, [{}, { target: '/global' }]))).toEqual([500, 500]);
    });
  });

  describe("countOnly: 'failures'", () => {
    function loginApp(): unknown {
      const made = express();
      made.post('/login', limit({ limit: 3, window: '15m', countOnly: 'failures' }), (req, res) => {
        const { how } = req.query;
        if (how === 'ok') res.send('welcome');
        else if (how === 'redirect') res.redirect(303, '/');
        else if (how === 'refund') {
          res.setHeader('x-refunded', String(refund(req)));
          refund(req);
          res.redirect(303, '/');
        } else res.status(401).send('no');
      });
      return made;
    }
    const login = (how: string): Sent => ({ method: 'POST', target: `/login?how=${how}` });

    it('does not count successes', async () => {
      const url = await start(loginApp());
      expect(statuses(await sendAll(url, times(20, login('ok'))))).toEqual(Array(20).fill(200));
      expect(statuses(await sendAll(url, times(4, login('wrong'))))).toEqual([401, 401, 401, 429]);
    });

    it('does not forget failures after a success', async () => {
      const url = await start(loginApp());
      const answers = await sendAll(url, ['wrong', 'ok', 'wrong', 'ok', 'wrong', 'ok', 'wrong'].map(login));
      expect(statuses(answers)).toEqual([401, 200, 401, 200, 401, 429, 429]);
    });

    it('counts redirects, which failed logins answer with too, unless the handler says that it succeeded', async () => {
      const url = await start(loginApp());
      const answers = await sendAll(url, times(20, login('refund')));
      expect(statuses(answers)).toEqual(Array(20).fill(303));
      expect(answers[0]?.headers['x-refunded']).toBe('true');
      expect(statuses(await sendAll(url, times(4, login('redirect'))))).toEqual([303, 303, 303, 429]);
    });

    it('takes before it gives back: parallel guesses do not slip through', async () => {
      const url = await start(loginApp());
      const answers = await Promise.all(times(20, login('wrong')).map((sent) => send(url, sent)));
      expect(passed(answers)).toBe(3);
    });
  });
});

describe('in a gate, which knows the decisions of the route', () => {
  const body = limit({ name: 'body', limit: 1, window: '15m', at: 'route' });
  const first = limit({ name: 'first', limit: 2, window: '15m' });
  const second = limit({ name: 'second', limit: 1, window: '15m' });

  /** What a gate does with a request: names the decisions, runs the step and the hooks, then the route. */
  async function gate(step: ReturnType<typeof rateLimit>, count: number, monitored = false): Promise<Received[]> {
    const decisions = [first, second, body].map((handler) => decisionOf(handler)).filter((one) => one !== undefined);
    const url = await start((req: http.IncomingMessage, res: http.ServerResponse) => {
      Object.assign(contextOf(req), { decisions, gate: { enterRoute: () => undefined, onlyReports: () => false } });
      const seen: string[] = [];
      const end = (error?: unknown): void => {
        if (error !== undefined) res.statusCode = (error as Refusal).status;
        step.response?.(req, res, plainHead(res));
        res.end(`${seen.join()} ${(error as Refusal | undefined)?.reason ?? ''}`);
      };
      step(req, res, (refused) => {
        if (refused !== undefined && !monitored) return end(refused);
        seen.push('parsed');
        first(req, res, (a) =>
          a === undefined ? second(req, res, (b) => (b === undefined ? body(req, res, end) : end(b))) : end(a),
        );
      });
    });
    return sendAll(url, times(count));
  }

  it('counts them before the route runs, once, and leaves those that read the body to it', async () => {
    const answers = await gate(rateLimit({ limit: 100, window: '15m' }), 2);
    expect(answers[0]?.body).toBe('parsed ');
    expect(answers[0]?.headers['ratelimit-policy']).toBe(
      '"default";q=100;w=900, "first";q=2;w=900, "second";q=1;w=900, "body";q=1;w=900',
    );
    expect(answers[1]?.body).toBe(' limit "second" is used up');
  });

  it('does so too where the limit for all routes is off', async () => {
    const [answer] = await gate(routeLimits(), 1);
    expect(answer?.body).toBe(' limit "first" is used up');
    expect(answer?.headers['ratelimit-policy']).toBe('"first";q=2;w=900');
  });

  it('lets a request that it only reports pass the limits of the route as well', async () => {
    const refusing = rateLimit({ limit: 1, window: '15m', cost: () => 2 });
    const [answer] = await gate(refusing, 1, true);
    expect(answer?.body).toBe('parsed limit "body" is used up');
  });

  it("counts in the gate's store", async () => {
    const store = memoryRateLimitStore();
    const own = limit({ limit: 5 });
    const step = rateLimit({}, { emit: () => undefined, mode: 'production', rateLimitStore: store });
    const url = await start((req: http.IncomingMessage, res: http.ServerResponse) => {
      step(req, res, () => own(req, res, () => res.end()));
    });
    await send(url);
    expect(store.size).toBe(2);
  });
});
