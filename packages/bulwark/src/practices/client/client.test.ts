import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { closeServer, EXPRESS, type Express, type Received, send, serve } from '../../../test/support/http.ts';
import { standingFor } from '../../../test/support/peers.ts';
import type { Exchange, RunningFacts } from '../../check.ts';
import { ALONE, contextOf } from '../../context.ts';
import type { EventInput } from '../../events.ts';
import { checks } from './checks.ts';
import { createApp as createSecured } from './fixtures/secured/app.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';
import { type ClientOptions, client, clientOf } from './index.ts';

const TOLD = { host: 'shop.example', 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' };

afterEach(() => void vi.restoreAllMocks());

describe.each(EXPRESS)('client on Express %s', (_version, express) => {
  it('is set once per request, and refuses through next()', async () => {
    const app = express();
    const seen: unknown[] = [];
    app.use(client({ origins: 'https://shop.example' }));
    app.use((req, _res, next) => {
      seen.push(contextOf(req).client);
      next();
    });
    app.use(client({ origins: 'https://other.example' }));
    app.use((req, res) => {
      seen.push(contextOf(req).client);
      res.send('ok');
    });
    const errors: unknown[] = [];
    app.use((error: unknown, req: http.IncomingMessage, res: http.ServerResponse, _next: unknown) => {
      errors.push(error, clientOf(req).host);
      res.statusCode = 421;
      res.end();
    });
    const served = await serve(app);
    expect((await send(served.url, { headers: { host: 'shop.example' } })).status).toBe(200);
    expect(seen[0]).toBe(seen[1]);
    expect((await send(served.url, { headers: { host: 'evil.test' } })).status).toBe(421);
    await served.close();
    expect(errors[0]).toMatchObject({ code: 'ERR_HOST_NOT_ALLOWED', cause: '"evil.test"' });
    // What the client reads names no value of the request; the log finds the client all the same.
    expect(String(errors[0])).not.toContain('evil.test');
    expect(errors[1]).toBe('evil.test');
  });

  it('after a refused forwarding header, the client is what the socket says', async () => {
    const app = express();
    app.use(client({ proxy: 'nginx' }));
    app.use((error: unknown, req: http.IncomingMessage, res: http.ServerResponse, _next: unknown) => {
      res.end(JSON.stringify({ error: (error as Error).name, client: clientOf(req), headers: req.headers }));
    });
    const served = await serve(app);
    const answer = await send(served.url, { headers: { ...TOLD, 'x-forwarded-for': '6.6.6.6, unknown' } });
    await served.close();
    expect(answer.json()).toMatchObject({
      error: 'Refusal',
      client: { ip: '127.0.0.1', protocol: 'http', forwarded: false },
    });
    expect(answer.body).not.toContain('6.6.6.6');
  });

  it('without the middleware, clientOf reads the socket and Host alone', async () => {
    const app = express();
    app.set('trust proxy', true);
    app.use((req, res) => void res.json(clientOf(req)));
    const served = await serve(app);
    const spoof = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.test' };
    const expected = {
      ip: '127.0.0.1',
      peer: '127.0.0.1',
      protocol: 'http',
      hostname: 'shop.example',
      forwarded: false,
    };
    expect((await send(served.url, { headers: { host: 'Shop.example:80', ...spoof } })).json()).toMatchObject(expected);
    expect((await send(served.url, { headers: { host: 'a@b' } })).json()).toMatchObject({
      host: `127.0.0.1:${served.port}`,
    });
    await served.close();
  });

  describe('dangerouslyAnyHostPaths', () => {
    const options: ClientOptions = { origins: 'https://shop.example', dangerouslyAnyHostPaths: ['/healthz'] };
    it.each([
      ['/healthz', '10.0.0.5:3000', 200],
      ['/healthz?full=1', '10.0.0.5:3000', 200],
      ['/healthz', 'a@b', 200],
      ['/', '10.0.0.5:3000', 421],
      ['/healthz/', '10.0.0.5:3000', 421],
      ['/HEALTHZ', '10.0.0.5:3000', 421],
      ['/healthz/../', '10.0.0.5:3000', 421],
      ['//healthz', '10.0.0.5:3000', 421],
      ['/healthz%3f', '10.0.0.5:3000', 421],
      ['/healthzz', '10.0.0.5:3000', 421],
      ['http://evil.test/healthz', 'evil.test', 421],
    ])('%s with Host %s: %i', async (target, host, status) => {
      expect((await askWith(express, options, { target, headers: { host } })).status).toBe(status);
    });

    it('is compared with the whole path below a mounted router', async () => {
      const app = express();
      const router = express.Router();
      router.use(client(options));
      router.use((_req, res) => void res.send('ok'));
      app.use('/api', router);
      const served = await serve(app);
      expect((await send(`${served.url}/api/healthz`, { headers: { host: 'x.test' } })).status).toBe(421);
      await served.close();
    });

    it('lets a probe without a Host through, and gives it the server itself', async () => {
      const app = express();
      app.use(client(options));
      app.use((req, res) => void res.json(clientOf(req)));
      const served = await serve(app);
      const answer = await send(`${served.url}/healthz`, { headers: { host: '' } });
      await served.close();
      expect(answer.json()).toMatchObject({ host: `127.0.0.1:${served.port}` });
    });

    it.each(['healthz', '/health*', '/healthz?x', '/a b', ''])('refuses %j as a path', (value) => {
      expect(() => client({ dangerouslyAnyHostPaths: [value] })).toThrow(/ERR_CONFIG_VALUE/);
    });
  });

  describe('notices', () => {
    it.each<[string, ClientOptions, string, Record<string, string>, string | undefined]>([
      ['undeclared', {}, '10.0.0.2', TOLD, 'undeclared'],
      ['undeclared Forwarded', {}, '10.0.0.2', { forwarded: 'for=1.2.3.4' }, 'undeclared'],
      ['none', {}, '10.0.0.2', {}, undefined],
      ['around the proxy', { proxy: 'nginx' }, '203.0.113.9', TOLD, 'direct'],
      ['around the proxy, no header', { proxy: { hops: 1 } }, '203.0.113.9', {}, 'direct'],
      ['not in cidrs', { proxy: { cidrs: ['10.0.0.0/8'] } }, '192.168.0.2', TOLD, 'direct'],
      ['a silent proxy', { proxy: { hops: 1 } }, '10.0.0.2', {}, 'silent'],
      ['a silent proxy in cidrs', { proxy: { cidrs: ['10.0.0.0/8'] } }, '10.0.0.2', {}, 'silent'],
      ['no protocol', { proxy: 'nginx' }, '10.0.0.2', { 'x-forwarded-for': '1.2.3.4' }, 'protocol'],
      ['as declared', { proxy: 'nginx' }, '10.0.0.2', TOLD, undefined],
      ['a health probe', { proxy: 'nginx', dangerouslyAnyHostPaths: ['/'] }, '10.0.0.2', {}, undefined],
    ])('%s', async (_name, options, peer, headers, kind) => {
      const events: EventInput[] = [];
      const answer = await askWith(express, options, { headers: { host: 'shop.example', ...headers } }, peer, events);
      expect(answer.status).toBe(200);
      expect(events.map(({ details }) => details?.kind)).toEqual(kind === undefined ? [] : [kind]);
      if (kind === undefined) return;
      expect(events[0]).toMatchObject({
        event: 'sys_proxy_mismatch',
        level: 'WARN',
        practice: 'client',
        sourceIp: peer,
      });
      // An event carries no header's value.
      expect(JSON.stringify(events)).not.toContain('203.0.113.7');
    });

    it('comes once, and again after ten minutes', async () => {
      const events: EventInput[] = [];
      const app = express();
      app.use(client({}, { ...ALONE, emit: (event) => void events.push(event) }));
      app.use((_req, res) => void res.send('ok'));
      const served = await serve(app);
      const clock = vi.spyOn(performance, 'now');
      for (const [minutes, count] of [
        [0, 1],
        [1, 1],
        [9, 1],
        [10, 2],
        [19, 2],
        [20, 3],
      ] as const) {
        clock.mockReturnValue(1_000_000 + minutes * 60_000);
        await send(served.url, { headers: TOLD });
        expect(events).toHaveLength(count);
      }
      await served.close();
    });

    it('is silent for the probes of the self-test', async () => {
      const events: EventInput[] = [];
      const app = express();
      app.use((req, _res, next) => {
        contextOf(req).selfTest = true;
        next();
      });
      app.use(client({}, { ...ALONE, emit: (event) => void events.push(event) }));
      app.use((_req, res) => void res.send('ok'));
      const served = await serve(app);
      await send(served.url, { headers: TOLD });
      await served.close();
      expect(events).toEqual([]);
    });
  });

  it('a proxy on a Unix socket is a process of this machine', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bulwark-client-'));
    const socketPath = path.join(folder, 'app.sock');
    const app = express();
    app.use(client({ proxy: 'nginx' }));
    app.use((req, res) => void res.json(clientOf(req)));
    const server = http.createServer(app as http.RequestListener);
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    const body = await new Promise<string>((resolve, reject) => {
      const request = http.get({ socketPath, headers: TOLD, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += String(chunk);
        });
        response.on('end', () => resolve(text));
      });
      request.on('error', reject);
    });
    await closeServer(server);
    await rm(folder, { recursive: true });
    expect(JSON.parse(body)).toMatchObject({
      ip: '203.0.113.7',
      peer: '127.0.0.1',
      protocol: 'https',
      forwarded: true,
    });
  });

  describe('fixtures and checks', () => {
    it('a limit of three: eight forged requests pass the hand-wired app, three the secured one', async () => {
      expect(await forged(createVulnerable(express))).toBe(8);
      expect(await forged(createSecured(express))).toBe(3);
    });

    it('the checks fail on the hand-wired app, and pass on the secured one', async () => {
      const vulnerable = await factsOf(createVulnerable(express), '127.0.0.8');
      const secured = await factsOf(createSecured(express), '127.0.0.8');
      expect(resultsOf(vulnerable)).toEqual({
        'client/host-not-checked': 'fail',
        'client/forwarded-host-reflected': 'fail',
        'client/address-forged': 'fail',
        'client/dangerous-setting': 'unknown',
      });
      expect(resultsOf(secured)).toEqual({
        'client/host-not-checked': 'pass',
        'client/forwarded-host-reflected': 'pass',
        'client/address-forged': 'pass',
        'client/dangerous-setting': 'unknown',
      });
    });
  });
});

describe('checks, on recordings', () => {
  const exchange = (status: number, headers: Exchange['headers'] = {}, body = ''): Exchange => ({
    probe: { method: 'GET', path: '/' },
    status,
    headers,
    body,
  });
  const judge = (id: string, facts: Partial<RunningFacts>): string | undefined =>
    checks.find((check) => check.id === id)?.judge({ origin: 'https://shop.example', exchanges: {}, ...facts }).result;

  it.each<[number, number, string]>([
    [200, 421, 'pass'],
    [200, 400, 'pass'],
    [200, 404, 'pass'],
    [200, 200, 'fail'],
    [200, 302, 'fail'],
    [404, 404, 'fail'],
    [200, 500, 'unknown'],
    [200, 429, 'unknown'],
  ])('host-not-checked: %i, and %i for a foreign host: %s', (own, foreign, result) => {
    const exchanges = { 'client-page': exchange(own), 'client-foreign-host': exchange(foreign) };
    expect(judge('client/host-not-checked', { exchanges })).toBe(result);
    expect(judge('client/host-not-checked', {})).toBe('unknown');
  });

  it.each<[Exchange, string]>([
    [exchange(200, {}, '<a href="https://bulwark-probe.invalid/">'), 'fail'],
    [exchange(302, { location: 'https://bulwark-probe.invalid/' }), 'fail'],
    [exchange(200, { 'set-cookie': ['a=1', 'b=2; Domain=bulwark-probe.invalid'] }), 'fail'],
    [exchange(302, { location: 'https://shop.example/' }), 'pass'],
  ])('forwarded-host-reflected', (answer, result) => {
    expect(judge('client/forwarded-host-reflected', { exchanges: { 'client-forwarded-host': answer } })).toBe(result);
  });

  it.each<[Exchange['headers'], Exchange['headers'], string]>([
    [{ ratelimit: 'limit=9, remaining=8, reset=60' }, { ratelimit: 'limit=9, remaining=8, reset=60' }, 'fail'],
    [{ ratelimit: '"9-in-1min"; r=8; t=60' }, { ratelimit: '"9-in-1min"; r=7; t=60' }, 'pass'],
    [{ 'x-ratelimit-remaining': '8' }, { 'x-ratelimit-remaining': '8' }, 'fail'],
    [{ 'ratelimit-remaining': '8' }, { 'ratelimit-remaining': '7' }, 'pass'],
    [{}, {}, 'not-applicable'],
  ])('address-forged: %j, %j: %s', (one, two, result) => {
    const exchanges = { 'client-address-one': exchange(200, one), 'client-address-two': exchange(200, two) };
    expect(judge('client/address-forged', { exchanges })).toBe(result);
    const inside = { off: [], monitored: [], hatches: [] };
    expect(judge('client/address-forged', { exchanges, inside })).toBe('not-applicable');
    expect(judge('client/address-forged', { exchanges, inside: { ...inside, off: ['client'] } })).toBe(result);
  });

  it('dangerous-setting names the setting', () => {
    const hatch = { practice: 'client', what: 'client.dangerouslyAnyHostPaths' } as const;
    expect(judge('client/dangerous-setting', { inside: { off: [], monitored: [], hatches: [hatch] } })).toBe('fail');
    expect(judge('client/dangerous-setting', { inside: { off: [], monitored: [], hatches: [] } })).toBe('pass');
    const other = { practice: 'csrf', what: "exempt('csrf')" } as const;
    expect(judge('client/dangerous-setting', { inside: { off: [], monitored: [], hatches: [other] } })).toBe('pass');
  });
});

async function askWith(
  express: Express,
  options: ClientOptions,
  sent: Parameters<typeof send>[1],
  peer = '127.0.0.1',
  events: EventInput[] = [],
): Promise<Received> {
  const app = express();
  app.use(client(options, { ...ALONE, emit: (event) => void events.push(event) }));
  app.use((_req, res) => void res.send('ok'));
  const served = await serve(standingFor({ '127.0.0.1': peer }, app));
  try {
    return await send(served.url, sent);
  } finally {
    await served.close();
  }
}

/** How many of eight requests pass a limit of three when each claims another address. */
async function forged(app: unknown): Promise<number> {
  const served = await serve(app);
  let passed = 0;
  for (let i = 0; i < 8; i++) {
    const headers = { host: 'shop.example', 'x-forwarded-for': `198.51.100.${i}` };
    if ((await send(served.url, { headers, from: '127.0.0.9' })).status === 200) passed += 1;
  }
  await served.close();
  return passed;
}

/** Records the answers to the probes, each from an address of its own but the two that are compared. */
async function factsOf(app: unknown, from: string): Promise<RunningFacts> {
  const served = await serve(app);
  const exchanges: Record<string, Exchange> = {};
  for (const [name, probe] of checks.flatMap((check) => Object.entries(check.probes))) {
    const answer = await send(served.url, {
      method: probe.method,
      target: probe.path.replaceAll('{page}', '/'),
      headers: { host: 'shop.example', ...probe.headers },
      from: name.startsWith('client-address') ? '127.0.0.9' : from,
    });
    exchanges[name] = {
      probe,
      status: answer.status,
      headers: answer.headers as Exchange['headers'],
      body: answer.body,
    };
  }
  await served.close();
  return { origin: 'https://shop.example', exchanges };
}

function resultsOf(facts: RunningFacts): Record<string, string> {
  return Object.fromEntries(checks.map((check) => [check.id, check.judge(facts).result]));
}
