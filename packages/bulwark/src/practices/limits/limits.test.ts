import http, { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { closeServer, EXPRESS, type Listener, send } from '../../../test/support/http.ts';
import { record } from '../../../test/support/record.ts';
import { ALONE } from '../../context.ts';
import { ConfigError } from '../../errors.ts';
import type { EventInput } from '../../events.ts';
import { checks } from './checks.ts';
import { createApp, createLimitedServer } from './fixtures/secured/app.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';
import { applyToServer, type LimitsOptions, limits, serverOptions } from './index.ts';
import { resolveLimits } from './options.ts';

const open: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(closeServer));
});

async function listen<S extends Server>(server: S): Promise<{ server: S; port: number; url: string }> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, port, url: `http://127.0.0.1:${port}` };
}

interface Facts {
  headersTimeout: number;
  requestTimeout: number;
  keepAliveTimeout: number;
  timeout: number;
  maxHeadersCount: number;
  maxRequestsPerSocket: number;
  maxConnections: number;
  maxHeaderSize: number;
  connectionsCheckingInterval: number;
  insecureHTTPParser: boolean;
  requireHostHeader: boolean;
}

const factsOf = (server: Server): Facts => server as unknown as Facts;

const HARDENED = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5000,
  timeout: 120_000,
  maxHeadersCount: 101,
  maxRequestsPerSocket: 1000,
  maxConnections: 10_000,
  maxHeaderSize: 16_384,
  insecureHTTPParser: false,
  requireHostHeader: true,
};

describe('limits: options', () => {
  it.each<[string, unknown, string]>([
    ['a duration that is none', { headersTimeout: 'soon' }, 'limits.headersTimeout'],
    ['NaN', { requestTimeout: Number.NaN }, 'limits.requestTimeout'],
    ['no timeout at all', { requestTimeout: 0 }, 'limits.requestTimeout'],
    ['Infinity', { socketTimeout: Number.POSITIVE_INFINITY }, 'limits.socketTimeout'],
    ['a size that is none', { maxHeaderSize: 'big' }, 'limits.maxHeaderSize'],
    ['no connections', { maxConnections: 0 }, 'limits.maxConnections'],
    ['a count as text', { maxHeadersCount: '100' }, 'limits.maxHeadersCount'],
    ['a key that does not exist', { headerTimeout: 1 }, 'limits.headerTimeout'],
    ['headers slower than the request', { headersTimeout: '1m' }, 'limits.headersTimeout'],
    ['no connection for a client', { maxConnectionsPerClient: 0 }, 'limits.maxConnectionsPerClient'],
    ['half a request', { maxRequestsPerClient: 0.5 }, 'limits.maxRequestsPerClient'],
    ['a time for handlers that is none', { handlerTimeout: false }, 'limits.handlerTimeout'],
    ['handlers slower than the silence', { handlerTimeout: '5m' }, 'limits.handlerTimeout'],
    ['pressure that is no setting', { pressure: true }, 'limits.pressure'],
    ['a key of pressure that does not exist', { pressure: { maxDelay: 5 } }, 'limits.pressure.maxDelay'],
    ['a delay that is none', { pressure: { maxEventLoopDelay: 'long' } }, 'limits.pressure.maxEventLoopDelay'],
    ['more heap than there is', { pressure: { maxHeapUsed: 1.5 } }, 'limits.pressure.maxHeapUsed'],
    ['a size that is none', { pressure: { maxRss: 'much' } }, 'limits.pressure.maxRss'],
    [
      'pressure without anything to look at',
      { pressure: { maxEventLoopDelay: false, maxHeapUsed: false } },
      'limits.pressure',
    ],
    ['a look that comes too late', { pressure: { interval: '1s' } }, 'limits.pressure.interval'],
    ['a proxy that trusts anybody', { proxy: true }, 'proxy'],
    ['a look at the clock later than the time-out', { headersTimeout: 500 }, 'limits.connectionsCheckingInterval'],
  ])('refuses %s', (_, options, field) => {
    for (const make of [limits, serverOptions, (o: LimitsOptions) => applyToServer(createServer(), o)]) {
      const error = catchError(() => make(options as LimitsOptions));
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).field).toBe(field);
    }
  });

  it('gives handlers a minute, or as long as a sender may take', () => {
    expect(resolveLimits({}).handlerTimeout).toBe(60_000);
    expect(resolveLimits({ requestTimeout: '10m' }).handlerTimeout).toBe(600_000);
    expect(resolveLimits({ requestTimeout: '10m', handlerTimeout: '5s' }).handlerTimeout).toBe(5000);
  });

  it('changes fields of pressure, and keeps the others', () => {
    expect(resolveLimits({ pressure: { maxRss: '1gb' } }).pressure).toEqual({
      maxEventLoopDelay: 500,
      maxHeapUsed: 0.9,
      maxRss: 1024 ** 3,
      interval: 100,
      sample: undefined,
    });
    expect(resolveLimits({ pressure: false }).pressure).toBe(false);
  });

  it('names what only the constructor takes', () => {
    expect(serverOptions({ connectionsCheckingInterval: '2s', maxHeaderSize: '8kb' })).toEqual({
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 5000,
      connectionsCheckingInterval: 2000,
      maxHeaderSize: 8192,
      maxRequestsPerSocket: 1000,
      requireHostHeader: true,
      insecureHTTPParser: false,
    });
  });
});

describe('limits: a server that somebody else made', () => {
  it('is hardened in full before it listens', async () => {
    const server = applyToServer(createServer());
    expect(factsOf(server)).toMatchObject({ ...HARDENED, connectionsCheckingInterval: 1000 });
    await listen(server);
    expect(factsOf(server).connectionsCheckingInterval).toBe(1000);
  });

  it('keeps what is stricter, and takes what Node chose for not chosen', () => {
    const strict = createServer({ requestTimeout: 20_000, headersTimeout: 2000 });
    strict.maxConnections = 7;
    strict.maxRequestsPerSocket = 10;
    const facts = factsOf(applyToServer(strict, { requestTimeout: '10m' }));
    expect(facts).toMatchObject({
      headersTimeout: 2000,
      requestTimeout: 20_000,
      maxConnections: 7,
      maxRequestsPerSocket: 10,
    });
    expect(factsOf(applyToServer(createServer(), { requestTimeout: '10m' })).requestTimeout).toBe(600_000);
  });

  it('takes back a lenient parser and timeouts that were switched off', () => {
    const lax = createServer({
      insecureHTTPParser: true,
      requestTimeout: 0,
      headersTimeout: 0,
      requireHostHeader: false,
    });
    expect(factsOf(applyToServer(lax))).toMatchObject(HARDENED);
  });

  describe.each(EXPRESS)('on Express %s', (_, express) => {
    it('is hardened at its first request, once, and an event says what came too late', async () => {
      const events: EventInput[] = [];
      const app = express();
      app.use(limits({}, { ...ALONE, emit: (event) => events.push(event) }));
      app.get('/', (_req, res) => {
        res.send('hello');
      });
      const { server, url } = await listen(createServer(app as Listener));
      expect(factsOf(server)).toMatchObject({ headersTimeout: 60_000, requestTimeout: 300_000 });
      expect(factsOf(server).maxConnections).toBeUndefined();

      expect((await send(url)).status).toBe(200);
      expect((await send(url)).status).toBe(200);
      expect(factsOf(server)).toMatchObject(HARDENED);
      expect(factsOf(server).connectionsCheckingInterval).toBe(30_000);
      expect(events).toHaveLength(1);
      expect(events[0]).toMatchObject({
        event: 'sys_limits_incomplete',
        level: 'WARN',
        practice: 'limits',
        details: { connectionsCheckingInterval: 30_000, wanted: 1000 },
      });
    });

    it('says nothing where the server was made with the options', async () => {
      const events: EventInput[] = [];
      const app = express();
      app.use(limits({}, { ...ALONE, emit: (event) => events.push(event) }));
      const { server, url } = await listen(createServer(serverOptions(), app as Listener));
      expect((await send(url)).status).toBe(404);
      expect(factsOf(server)).toMatchObject({ ...HARDENED, connectionsCheckingInterval: 1000 });
      expect(events).toEqual([]);
    });
  });

  it('counts the headers itself: node 20 dropped what is over maxHeadersCount without a word', () => {
    const verdict = (count: number): unknown => {
      const req = Object.assign(new http.IncomingMessage(undefined as never), { url: '/' });
      req.rawHeaders = Array.from({ length: count }, () => ['X-A', '1']).flat();
      let error: unknown;
      limits()(req, new http.ServerResponse(req), (given) => {
        error = given;
      });
      return error;
    };
    expect(verdict(100)).toBeUndefined();
    expect(verdict(101)).toMatchObject({ code: 'ERR_HEADERS_TOO_MANY', status: 431 });
  });

  it('does without a server: a request that an adapter made up', () => {
    const req = Object.assign(new http.IncomingMessage(undefined as never), { url: '/' });
    let error: unknown = 'not called';
    limits()(req, new http.ServerResponse(req), (given) => {
      error = given;
    });
    expect(error).toBeUndefined();
  });
});

describe.each(EXPRESS)('limits: checks on Express %s', (_, express) => {
  it('fail on the vulnerable app', async () => {
    const served = await listen(createServer(createVulnerable(express) as Listener));
    const facts = await record(served.url, checks, served);
    expect(checks.map((check) => [check.id, check.judge(facts).result])).toEqual(checks.map(({ id }) => [id, 'fail']));
  });

  it('pass on the secured app', async () => {
    const limited = await listen(createLimitedServer(express));
    const facts = await record(limited.url, checks, limited);
    expect(checks.map((check) => check.judge(facts))).toEqual(checks.map(() => ({ result: 'pass' })));
  });

  it('find the late interval of a secured app on a server made elsewhere (near miss)', async () => {
    const served = await listen(createServer(createApp(express) as Listener));
    const facts = await record(served.url, checks, served);
    const failed = checks.filter((check) => check.judge(facts).result === 'fail').map(({ id }) => id);
    expect(failed).toEqual(['limits/timeouts-default']);
  });

  it('cannot tell from outside, or without an answer', () => {
    const facts = { origin: 'https://shop.example', exchanges: {} };
    expect(checks.map((check) => check.judge(facts).result)).toEqual(checks.map(() => 'unknown'));
  });
});

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
