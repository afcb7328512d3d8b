import { hostname } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HOST } from '../../../test/support/ask.ts';
import { EXPRESS, type Sent, send } from '../../../test/support/http.ts';
import { ConfigError, type SecurityEvent, secure } from '../../index.ts';
import { memory, serveAny } from './fixtures/memory-log.ts';
import { type LoggingOptions, logging } from './index.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const TRACE = '12345678901234567890123456789012';
const forged: Sent = {
  method: 'POST',
  target: '/transfer?token=hunter2',
  headers: {
    ...HOST,
    origin: 'https://evil.example',
    'sec-fetch-site': 'cross-site',
    traceparent: `00-${TRACE}-1234567890123456-01`,
  },
};
const event = {
  practice: 'csrf',
  datetime: '2026-11-23T00:00:00.000Z',
  event: 'malicious_csrf',
  level: 'WARN',
  description: 'x',
} as const;

describe.each(EXPRESS)('security events on Express %s', (_, express) => {
  async function gateWith(options: LoggingOptions) {
    const log = memory();
    const app = express();
    const gate = secure(app, {
      origins: 'https://shop.example',
      https: false,
      // It has an event of its own for a server that was made elsewhere.
      limits: false,
      logging: { stream: log, ...options },
    });
    app.post('/transfer', (_req, res) => void res.send('done'));
    return { gate, log, url: await serveAny(app) };
  }

  it('stand between the lines of requests', async () => {
    const { url, log } = await gateWith({});
    await send(url, forged);
    await log.until(2);
    expect(log.lines.map(({ msg }) => msg)).toEqual(['security event', 'request refused']);
    expect(log.lines[0]).toMatchObject({ requestId: log.lines[1]?.requestId, traceId: TRACE });
  });

  it('go to a stream of their own, in OWASP’s words, and to no other', async () => {
    const events = memory();
    const { url, log } = await gateWith({ events: { stream: events, appId: 'shop' } });
    const answer = await send(url, forged);
    await log.until(1);
    expect(log.lines.map(({ msg }) => msg)).toEqual(['request refused']);
    expect(events.lines).toEqual([
      {
        datetime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        appid: 'shop',
        event: 'malicious_csrf',
        level: 'WARN',
        description: expect.any(String),
        source_ip: '127.0.0.1',
        hostname: hostname(),
        request_method: 'POST',
        request_uri: '/transfer',
        practice: 'csrf',
        code: 'ERR_CSRF_CROSS_SITE',
        requestId: answer.headers['x-request-id'],
        traceId: TRACE,
      },
    ]);
    expect(events.raw[0]).toMatch(/^\{.*\}\n$/);
  });

  it('go to a logger of their own, or nowhere; the gate’s listeners hear them all the same', async () => {
    const calls: object[] = [];
    const note = (record: object): void => void calls.push(record);
    for (const events of [{ logger: { info: note, warn: note, error: note } }, false] as const) {
      const { url, log, gate } = await gateWith({ events });
      const heard: SecurityEvent[] = [];
      gate.on('malicious_csrf', (one) => heard.push(one));
      await send(url, forged);
      await log.until(1);
      expect(log.lines.map(({ msg }) => msg)).toEqual(['request refused']);
      expect(heard).toHaveLength(1);
    }
    expect(calls).toMatchObject([{ event: 'malicious_csrf', severity: 'WARN' }]);
  });

  it('a place of theirs that fails harms no request, and the log says how many were lost', async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const stream = {
      write(): void {
        throw Object.assign(new Error('hunter2'), { code: 'ENOSPC' });
      },
    };
    const { url, log } = await gateWith({ events: { stream } });
    expect((await send(url, forged)).status).toBe(403);
    await log.until(2);
    expect(log.lines[0]).toMatchObject({ level: 'error', msg: 'security events were lost', lost: 1, reason: 'ENOSPC' });
    expect(process.emitWarning).toHaveBeenCalledWith('security events lost: 1 (ENOSPC)', 'BulwarkWarning');
  });

  it('many of one client are counted where they are written, not where they are heard', async () => {
    const events = memory();
    const { url, log, gate } = await gateWith({ events: { stream: events }, repeat: { lines: 3 } });
    let heard = 0;
    gate.on('*', () => heard++);
    for (let i = 0; i < 10; i++) await send(url, forged);
    await log.until(3);
    expect(heard).toBe(10);
    await gate.close();
    expect(events.lines).toHaveLength(4);
    expect(events.lines[3]).toMatchObject({
      event: 'malicious_csrf',
      code: 'ERR_CSRF_CROSS_SITE',
      level: 'WARN',
      count: 7,
      network: '127.0.0.1',
      description: '7 more of this event from 127.0.0.1 in 60 s',
      datetime: expect.any(String),
    });
    expect(log.lines.map(({ msg, count }) => [msg, count])).toEqual([
      ...Array(3).fill(['request refused', undefined]),
      ['request refused, repeated', 7],
    ]);
  });
});

describe('the log of events', () => {
  it('counts refusals, and nothing that is critical or no refusal', async () => {
    const log = memory();
    const { logEvent, flush } = logging({ stream: log, repeat: { lines: 1 } });
    for (let i = 0; i < 5; i++) logEvent({ ...event, event: 'sys_error', level: 'CRITICAL' });
    for (let i = 0; i < 2; i++) logEvent({ ...event, event: 'csp_violation', sourceIp: '192.0.2.1' });
    const refused = { ...event, code: 'ERR_CSRF_ORIGIN' };
    for (let i = 0; i < 5; i++) logEvent({ ...refused, sourceIp: '192.0.2.1' });
    logEvent({ ...refused, sourceIp: '192.0.2.2' });
    logEvent({ ...refused, sourceIp: '192.0.2.1', monitored: true });
    await flush();
    expect(log.lines.map(({ severity, count, monitored }) => [severity, count, monitored])).toEqual([
      ...Array(5).fill(['CRITICAL', undefined, undefined]),
      ...Array(2).fill(['WARN', undefined, undefined]),
      ['WARN', undefined, undefined],
      ['WARN', undefined, undefined],
      ['WARN', undefined, true],
      ['WARN', 4, undefined],
    ]);
  });

  it('goes on where no lines of requests are written', () => {
    const events = memory();
    logging({ level: false, events: { stream: events } }).logEvent(event);
    expect(events.lines).toHaveLength(1);
  });

  it.each([
    { events: {} },
    { events: true },
    { events: { stream: 'x' } },
    { events: { stream: process.stdout, logger: console } },
    { events: { file: 'x' } },
  ])('refuses %#', (options) => {
    expect(() => logging(options as LoggingOptions)).toThrow(ConfigError);
  });
});
