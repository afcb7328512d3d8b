import { createServer, request } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { EXPRESS, type Received, type Sent, type Served, send, serve } from '../../../test/support/http.ts';
import { ALONE, type Services } from '../../context.ts';
import { ConfigError } from '../../errors.ts';
import type { EventInput } from '../../events.ts';
import { collectReports, headers, type ReportOptions } from './index.ts';
import { readReports } from './read-report.ts';

const PATH = '/.well-known/bulwark/reports';
let served: Served | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await served?.close();
  served = undefined;
});

function collector(options: ReportOptions = {}): { events: EventInput[]; collect: ReturnType<typeof collectReports> } {
  const events: EventInput[] = [];
  const services: Services = { ...ALONE, emit: (event) => events.push(event) };
  return { events, collect: collectReports({ origins: ['https://shop.example'], ...options }, services) };
}

async function post(listener: unknown, body: unknown, sent: Sent = {}): Promise<Received> {
  served ??= await serve(listener);
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const type = { 'content-type': 'application/csp-report' };
  return send(served.url, { method: 'POST', target: PATH, body: text, ...sent, headers: { ...type, ...sent.headers } });
}

const bare =
  (collect: ReturnType<typeof collectReports>): unknown =>
  (req: never, res: { statusCode: number; end(): void }) =>
    collect(req, res as never, () => {
      res.statusCode = 404;
      res.end();
    });

const legacy = (extra: Record<string, unknown> = {}): unknown => ({
  'csp-report': {
    'document-uri': 'https://shop.example/cart?token=SECRET#SECRET',
    'violated-directive': 'script-src-elem',
    'effective-directive': 'script-src-elem',
    'blocked-uri': 'https://evil.example/x.js?token=SECRET',
    disposition: 'enforce',
    'script-sample': 'SECRET',
    ...extra,
  },
});

describe.each(EXPRESS)('collectReports, Express %s', (_, express) => {
  const app = (collect: ReturnType<typeof collectReports>, parser = false): unknown => {
    const site = express();
    if (parser) site.use(express.json({ type: ['application/json', 'application/reports+json'] }));
    return site.use(headers(), collect);
  };

  test('takes a report-uri report, without query, fragment or sample', async () => {
    const { collect, events } = collector();
    expect((await post(app(collect), legacy())).status).toBe(204);
    expect(collect.reports()).toMatchObject([
      {
        kind: 'csp-violation',
        directive: 'script-src-elem',
        blocked: 'https://evil.example',
        document: '/cart',
        disposition: 'enforce',
        count: 1,
      },
    ]);
    expect(events).toMatchObject([{ event: 'csp_violation', practice: 'headers', path: '/cart' }]);
    expect(JSON.stringify([collect.reports(), events])).not.toContain('SECRET');
  });

  test('takes the list of the Reporting API, also if a parser has read it before', async () => {
    const list = [
      {
        type: 'csp-violation',
        url: 'https://shop.example/',
        body: {
          documentURL: 'https://shop.example/a',
          effectiveDirective: 'img-src',
          blockedURL: 'data',
          disposition: 'report',
        },
      },
      {
        type: 'coep',
        url: 'https://shop.example/b',
        body: { type: 'corp', blockedURL: 'https://img.example/1', disposition: 'reporting' },
      },
      { type: 'deprecation', url: 'https://shop.example/', body: {} },
    ];
    for (const parser of [false, true]) {
      const { collect } = collector();
      const answer = await post(app(collect, parser), list, {
        headers: { 'content-type': 'application/reports+json' },
      });
      expect(answer.status).toBe(204);
      expect(collect.reports()).toMatchObject([
        { kind: 'csp-violation', directive: 'img-src', blocked: 'data', document: '/a', disposition: 'report' },
        { kind: 'coep', directive: 'corp', blocked: 'https://img.example', document: '/b', disposition: 'report' },
      ]);
      await served?.close();
      served = undefined;
    }
  });

  test('leaves other paths and methods alone', async () => {
    const { collect } = collector();
    expect((await post(app(collect), legacy(), { target: '/other' })).status).toBe(404);
    expect((await post(app(collect), '', { method: 'GET' })).status).toBe(404);
    expect((await post(app(collect), legacy(), { target: `${PATH}?x=1` })).status).toBe(204);
    expect((await post(app(collect), legacy(), { target: `${PATH}/` })).status).toBe(404);
  });
});

describe('what it does not take', () => {
  test.each([
    ['no JSON', '{"csp-report":', {}, 400],
    ['nothing', '', {}, 400],
    ['a number', '7', {}, 400],
    ['null', 'null', {}, 400],
    ['a list of texts', '["a"]', {}, 400],
    ['an object that is no report', '{}', {}, 400],
    ['a report that is a text', '{"csp-report":"x"}', {}, 400],
    ['depth', '['.repeat(8000), {}, 400],
    ['prototype keys', '{"__proto__":{"csp-report":{}}}', {}, 400],
    ['an empty list', '[]', {}, 204],
    ['a report without a page', '{"csp-report":{}}', {}, 204],
    ['a report with odd types', '{"csp-report":{"document-uri":7,"effective-directive":[],"blocked-uri":{}}}', {}, 204],
    ['another type', 'x', { 'content-type': 'text/plain' }, 415],
    ['no type', 'x', { 'content-type': '' }, 415],
    ['a packed body', 'x', { 'content-encoding': 'gzip' }, 415],
    ['a large body', 'x'.repeat(17_000), {}, 413],
    ['a large body without a length', 'x'.repeat(20_000), { 'transfer-encoding': 'chunked' }, 413],
  ] as const)('%s', async (_, body, given, status) => {
    const { collect, events } = collector();
    const answer = await post(bare(collect), body, { headers: given });
    expect(answer.status).toBe(status);
    expect(answer.body).toBe('');
    expect(collect.reports()).toEqual([]);
    expect(events).toEqual([]);
  });

  test('reports about pages of others', async () => {
    const { collect } = collector();
    for (const page of [
      'https://shop.example.evil.example/',
      'http://shop.example/',
      'https://shop.example:444/',
      'about',
      'data:x',
    ]) {
      expect((await post(bare(collect), legacy({ 'document-uri': page }))).status).toBe(204);
    }
    expect(collect.reports()).toEqual([]);
  });

  test('without origins, the host of the request decides', async () => {
    const collect = collectReports({}, { ...ALONE, emit: () => undefined });
    served = await serve(bare(collect));
    await post(undefined, legacy());
    await post(undefined, legacy({ 'document-uri': `${served.url}/mine` }));
    expect(collect.reports().map(({ document }) => document)).toEqual(['/mine']);
  });

  test('a sender that hangs up ends nothing but itself', async () => {
    const { collect } = collector();
    served = await serve(bare(collect));
    const cut = request(`${served.url}${PATH}`, {
      method: 'POST',
      headers: { 'content-type': 'application/csp-report', 'content-length': '100' },
    });
    cut.on('error', () => undefined);
    cut.write('{');
    await new Promise((resolve) => setTimeout(resolve, 50));
    cut.destroy();
    expect((await post(undefined, legacy())).status).toBe(204);
    expect(collect.reports()).toHaveLength(1);
  });
});

describe('the store', () => {
  test('each distinct violation makes one event per window', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { collect, events } = collector({ window: '10m' });
    for (let i = 0; i < 3; i++)
      await post(bare(collect), legacy({ 'document-uri': `https://shop.example/cart?i=${i}` }));
    expect(collect.reports()).toMatchObject([{ count: 3 }]);
    expect(events).toHaveLength(1);
    vi.setSystemTime(Date.now() + 600_001);
    expect(collect.reports()).toEqual([]);
    await post(bare(collect), legacy());
    expect(events).toHaveLength(2);
    expect(collect.reports()).toMatchObject([{ count: 1 }]);
  });

  test('is bounded, and a flood neither washes out what was there nor floods the events', async () => {
    const { collect, events } = collector({ max: 5 });
    await post(bare(collect), legacy());
    const flood = Array.from({ length: 60 }, (_, i) => ({
      type: 'csp-violation',
      body: { documentURL: `https://shop.example/${i}`, effectiveDirective: 'img-src' },
    }));
    await post(bare(collect), flood, { headers: { 'content-type': 'application/reports+json' } });
    expect(collect.reports()).toHaveLength(5);
    expect(collect.reports()[0]?.document).toBe('/cart');
    expect(events).toHaveLength(6);
    expect(events.at(-1)?.description).toContain('more than 5');
  });

  test('control characters and overlong texts do not reach it', () => {
    const [report] =
      readReports({
        'csp-report': {
          'document-uri': 'https://shop.example/',
          'effective-directive': `img-src\r\n2026 \u001b[31mlogin ok\u202e${'x'.repeat(5000)}`,
          'blocked-uri': 'inline\nforged\u2028line',
        },
      }) ?? [];
    expect(report?.directive).toBe('img-src2026');
    expect(report?.blocked).toBe('inlineforgedline');
  });

  test.each([
    { path: 'reports' },
    { path: '//evil.example' },
    { max: 0 },
    { bodyLimit: 'many' },
    { window: 'x' },
    { origins: ['*'] },
    { maximum: 1 },
  ])('refuses %j at construction', (options) => {
    expect(() => collectReports(options as ReportOptions)).toThrow(ConfigError);
  });
});

test('a page of headers() names the collector by both ways', async () => {
  const guard = headers();
  served = await serve(createServer((req, res) => guard(req, res, () => res.end())).listeners('request')[0]);
  const answer = await send(served.url);
  expect(answer.headers['reporting-endpoints']).toBe(`default="${PATH}"`);
  expect(answer.headers['content-security-policy']).toContain(`report-uri ${PATH}; report-to default`);
});
