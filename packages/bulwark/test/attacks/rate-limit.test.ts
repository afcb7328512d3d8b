import expressRateLimit, { ipKeyGenerator } from 'express-rate-limit';
import ipaddr from 'ipaddr.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { limit, type Policy, secure } from '../../src/index.ts';
import { ask, QUIET } from '../support/ask.ts';
import { EXPRESS, type Sent } from '../support/http.ts';
import { standingFor } from '../support/peers.ts';
import { type App, handWire, pairOf, passed, statuses, times, type Wiring } from './support/hand-wired.ts';

const THREE = { rateLimit: { limit: 3, window: '15m' } } satisfies Partial<Policy>;
const JSON_TYPE = { 'content-type': 'application/json' };

/** What a proxy makes of a client's request: it appends the address that it sees. */
const through = (address: string, claimed?: string): Sent => ({
  headers: { 'x-forwarded-for': [claimed, address].filter(Boolean).join(', '), 'x-forwarded-proto': 'https' },
});
const spoofed = (i: number): Sent => ({ headers: { 'x-forwarded-for': `198.51.100.${i}` } });

afterEach(() => {
  vi.restoreAllMocks();
});
const warnings = () => vi.spyOn(console, 'error').mockImplementation(() => undefined);

describe.each(EXPRESS)('rate limits on Express %s', (_version, express) => {
  /** A shop with the hand-wired stack and a limit of 3. */
  const shop = (wiring: Wiring, trustProxy?: true | 1): App => {
    const app = express();
    if (trustProxy !== undefined) app.set('trust proxy', trustProxy);
    handWire(app, express, { ...wiring, limiter: { limit: 3, ...wiring.limiter } });
    app.get('/', (_req, res) => void res.send('home'));
    app.post('/login', (_req, res) => void res.status(401).send('wrong password'));
    return app;
  };
  const refusesToStart = (app: App): void => {
    expect(() => secure(app, QUIET)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_TRUST_PROXY' }));
  };

  it('1.2.1a: trust proxy true, and a new X-Forwarded-For for each request', async () => {
    warnings();
    const { wired, secured } = pairOf((secured) => shop({}, secured ? undefined : true), THREE);
    expect(passed(await ask(wired, ...times(8, spoofed)))).toBe(8);
    refusesToStart(shop({}, true));
    expect(statuses(await ask(secured, ...times(8, spoofed)))).toEqual([200, 200, 200, 429, 429, 429, 429, 429]);
  });

  it('1.2.1b: trust proxy 1, and the app can be reached around the proxy', async () => {
    const warned = warnings();
    const attacker = (app: App) => standingFor({ '127.0.0.9': '203.0.113.66' }, app);
    const direct = times(8, (i) => ({ ...spoofed(i), from: '127.0.0.9' }));
    const { wired, secured } = pairOf((secured) => shop({}, secured ? undefined : 1), { ...THREE, proxy: { hops: 1 } });
    expect(passed(await ask(attacker(wired), ...direct))).toBe(8);
    expect(warned).not.toHaveBeenCalled();
    refusesToStart(shop({}, 1));
    expect(passed(await ask(attacker(secured), ...direct))).toBe(3);
  });

  it('1.2.1c: no trust in the proxy that is there: three requests, and every client is locked out', async () => {
    warnings();
    const clients = times(8, (i) => through(`203.0.113.${i}`));
    const { wired, secured } = pairOf(() => shop({}), { ...THREE, proxy: 'nginx' });
    expect(statuses(await ask(wired, ...clients))).toEqual([200, 200, 200, 429, 429, 429, 429, 429]);

    // The limiter that was left in place counts by req.ip too, and that is the truth now.
    expect(passed(await ask(secured, ...clients))).toBe(8);
    // Each client has a limit of his own, whatever he writes in front of the proxy's entry.
    const one = times(8, (i) => through('203.0.113.99', `198.51.100.${i}`));
    expect(passed(await ask(secured, ...one))).toBe(3);

    // A proxy that the policy does not name cannot be told from the internet, but it does not go unsaid.
    const undeclared = pairOf(() => shop({}), THREE);
    const said: unknown[] = [];
    undeclared.gate.on('sys_proxy_mismatch', ({ details }) => void said.push(details?.kind));
    await ask(undeclared.secured, ...clients);
    expect(said).toEqual(['undeclared']);
  });

  it('1.2.2, 4.2a: a key function of one’s own, which switches the warnings about the proxy off', async () => {
    const warned = warnings();
    const limiter = { keyGenerator: (req: { ip?: string | undefined }) => ipKeyGenerator(req.ip ?? '') };
    const { wired, secured } = pairOf((secured) => shop({ limiter }, secured ? undefined : true), THREE);
    expect(passed(await ask(wired, ...times(8, spoofed)))).toBe(8);
    expect(warned).not.toHaveBeenCalled();
    refusesToStart(shop({ limiter }, true));
    expect(passed(await ask(secured, ...times(8, spoofed)))).toBe(3);
  });

  it('1.2.3a: a key function over req.ip, and one of the 2^64 addresses that a household has for each request', async () => {
    const limiter = { keyGenerator: (req: { ip?: string | undefined }) => req.ip ?? '', validate: false };
    const policy = { ...THREE, proxy: 'nginx' } as const;
    const { wired, secured } = pairOf((secured) => shop({ limiter }, secured ? undefined : 1), policy);
    const household = times(8, (i) => through(`2001:db8:1:2::${i}`));
    expect(passed(await ask(wired, ...household))).toBe(8);
    // Behind the gate the same function sees the same addresses; the gate's own limit counts the network.
    expect(passed(await ask(secured, ...household))).toBe(3);
  });

  it('1.2.3b: on a dual-stack socket all IPv4 clients are ::/56 (the key of express-rate-limit 8.0 to 8.2.1)', async () => {
    const keyGenerator = (req: { ip?: string | undefined }): string =>
      ipaddr.IPv6.networkAddressFromCIDR(`${req.ip}/56`).toString();
    const dualStack = (app: App) =>
      standingFor({ '127.0.0.8': '::ffff:198.51.100.8', '127.0.0.9': '::ffff:203.0.113.9' }, app);
    const attack = [...times(3, () => ({ from: '127.0.0.8' })), { from: '127.0.0.9' }];
    const { wired } = pairOf(() => shop({ limiter: { keyGenerator, validate: false } }), THREE);
    expect(statuses(await ask(dualStack(wired), ...attack))).toEqual([200, 200, 200, 429]);
    const { secured } = pairOf(() => shop({}), THREE);
    const answers = await ask(dualStack(secured), ...attack, { from: '127.0.0.8' });
    expect(statuses(answers)).toEqual([200, 200, 200, 200, 429]);
  });

  it('1.2.7a, 2.3: the limiter behind the routes', async () => {
    const build = (): App => {
      const app = express();
      app.get('/', (_req, res) => void res.send('home'));
      app.use(expressRateLimit({ limit: 1, validate: false }));
      return app;
    };
    const { wired, secured } = pairOf(build, { rateLimit: { limit: 1, window: '15m' } });
    expect(statuses(await ask(wired, ...times(4, () => ({}))))).toEqual([200, 200, 200, 200]);
    expect(statuses(await ask(secured, ...times(4, () => ({}))))).toEqual([200, 429, 429, 429]);
  });

  it('1.2.7b, 2.2: the limiter behind the parser: a megabyte of each refused request is parsed', async () => {
    const parsed = vi.spyOn(JSON, 'parse');
    const megabytes = () => parsed.mock.calls.filter(([text]) => String(text).length > 1_000_000).length;
    const build = (): App => {
      const app = express();
      app.use(express.json({ limit: '2mb' }));
      app.use(expressRateLimit({ limit: 1, validate: false }));
      app.post('/login', (_req, res) => void res.status(401).send('wrong password'));
      return app;
    };
    const policy = { rateLimit: { limit: 1, window: '15m' }, input: { json: { limit: '2mb' } } } as const;
    const { wired, secured } = pairOf(build, policy);
    const body = JSON.stringify({ text: 'x'.repeat(1_000_000) });
    const flood = times(5, () => ({ method: 'POST', target: '/login', headers: JSON_TYPE, body }));
    expect(statuses(await ask(wired, ...flood))).toEqual([401, 429, 429, 429, 429]);
    expect(megabytes()).toBe(5);
    parsed.mockClear();
    expect(statuses(await ask(secured, ...flood))).toEqual([401, 429, 429, 429, 429]);
    expect(megabytes()).toBe(1);
  });

  it('1.2.7c: the limiter behind the parser: malformed bodies are not counted, and not in the log', async () => {
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    const { wired, secured } = pairOf(() => shop({ order: ['helmet', 'json', 'log', 'limiter'], log }), {
      ...THREE,
      logging: { stream: { write: log } },
    });
    const flood = times(6, () => ({ method: 'POST', target: '/login', headers: JSON_TYPE, body: '{"a":' }));
    expect(statuses(await ask(wired, ...flood))).toEqual([400, 400, 400, 400, 400, 400]);
    expect(lines).toEqual([]);
    expect(statuses(await ask(secured, ...flood))).toEqual([400, 400, 400, 429, 429, 429]);
    expect(lines.filter((line) => line.includes('"msg":"request refused"'))).toHaveLength(6);
  });

  it('1.2.7d: a limit that is keyed by the address as it was written, and another spelling for each guess', async () => {
    const build = (secured: boolean): App => {
      const app = express();
      const guard = secured
        ? limit({ name: 'login', limit: 3, window: '15m' })
        : expressRateLimit({ limit: 3, keyGenerator: (req) => req.originalUrl, validate: false });
      app.post('/login', guard, (_req, res) => void res.status(401).send('wrong password'));
      return app;
    };
    const { wired, secured } = pairOf(build);
    const spellings = ['/login', '/LOGIN', '/login/', '/Login', '/login?x=1', '/login?x=2', '/LOGIN/', '/lOgin/'];
    const guesses = spellings.map((target) => ({ method: 'POST', target }));
    expect(statuses(await ask(wired, ...guesses))).toEqual(times(8, () => 401));
    expect(statuses(await ask(secured, ...guesses))).toEqual([401, 401, 401, 429, 429, 429, 429, 429]);
  });

  it('2.15: a limiter that is made anew for each request', async () => {
    warnings();
    const build = (): App => {
      const app = express();
      app.use((req, res, next) => void expressRateLimit({ limit: 1 })(req, res, next));
      app.get('/', (_req, res) => void res.send('home'));
      return app;
    };
    const { wired, secured } = pairOf(build, THREE);
    expect(passed(await ask(wired, ...times(8, () => ({}))))).toBe(8);
    expect(passed(await ask(secured, ...times(8, () => ({}))))).toBe(3);

    // The same mistake with Bulwark's own limit is no limit that nobody notices: the request fails.
    const made = express();
    secure(made, QUIET);
    made.get('/', (req, res, next) => limit({ limit: 1, window: '1m' })(req, res, next));
    expect(statuses(await ask(made, {}))).toEqual([500]);
  });

  it('4.1a: twenty failed logins of anybody behind the proxy, and nobody can log in', async () => {
    warnings();
    const build = (secured: boolean): App => {
      const app = express();
      const guard = secured
        ? limit({ name: 'login', limit: 20, window: '15m', countOnly: 'failures' })
        : expressRateLimit({ windowMs: 900_000, limit: 20, skipSuccessfulRequests: true });
      app.use('/v1/auth', guard);
      app.post('/v1/auth/login', (req, res) => {
        const known = req.headers.authorization === 'Bearer right';
        res.status(known ? 200 : 401).end();
      });
      return app;
    };
    const { wired, secured } = pairOf(build, { proxy: 'nginx' });
    const login = (address: string, headers = {}): Sent => {
      const { headers: added } = through(address);
      return { method: 'POST', target: '/v1/auth/login', headers: { ...added, ...headers } };
    };
    const clients = [
      ...times(21, (i) => login(`203.0.113.${i}`)),
      login('203.0.113.200', { authorization: 'Bearer right' }),
    ];
    expect(statuses(await ask(wired, ...clients)).slice(-2)).toEqual([429, 429]);
    expect(statuses(await ask(secured, ...clients)).slice(-2)).toEqual([401, 200]);
    // One client's guesses are still counted.
    const guesses = times(22, () => login('203.0.113.201'));
    expect(statuses(await ask(secured, ...guesses)).slice(-3)).toEqual([401, 429, 429]);
  });
});
