import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { EXPRESS, send } from '../../../test/support/http.ts';
import { ConfigError, Refusal } from '../../errors.ts';
import { home, memory, setUp, UUID } from './fixtures/memory-log.ts';
import { type LoggingOptions, logging } from './index.ts';

const [, [, express]] = EXPRESS;

describe('options', () => {
  it('take a pino of one’s own, and its level', async () => {
    const log = memory();
    const { url } = await setUp(express, home, { logger: pino({ level: 'info' }, log) });
    await send(url);
    await log.until(1);
    expect(log.lines[0]).toMatchObject({ level: 30, msg: 'request' });
  });

  it('take any object with the three methods, and survive what it throws', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const calls: unknown[] = [];
    const logger = {
      info: (record: object, message: string) => {
        calls.push([message, record]);
        throw new Error('disk full');
      },
      warn: () => undefined,
      error: () => undefined,
    };
    const { url } = await setUp(express, home, { logger });
    expect((await send(url)).status).toBe(200);
    expect((await send(url)).status).toBe(200);
    await vi.waitFor(() => expect(calls).toHaveLength(2));
    expect(warning).toHaveBeenCalledOnce();
    warning.mockRestore();
  });

  it.each([
    ['warn', ['ERR_RATE_LIMIT', 'ERR_INTERNAL']],
    ['error', ['ERR_INTERNAL']],
  ] as const)('level %s writes %j', async (level, codes) => {
    const { url, log } = await setUp(
      express,
      (app) => {
        home(app);
        app.get('/limited', (_req, _res, next) => next(new Refusal('ERR_RATE_LIMIT', { reason: 'x' })));
        app.get('/broken', (_req, _res, next) => next(new Error('x')));
      },
      { level },
    );
    await send(url);
    await send(`${url}/limited`);
    await send(`${url}/broken`);
    await log.until(codes.length);
    expect(log.lines.map(({ code }) => code)).toEqual(codes);
  });

  it('level false writes nothing, and keeps the ids', async () => {
    const { url, log } = await setUp(express, home, { level: false });
    expect((await send(url)).headers['x-request-id']).toMatch(UUID);
    expect(log.raw).toEqual([]);
  });

  it.each([
    { logger: {} },
    { logger: { info: () => undefined } },
    { stream: 'stdout' },
    { level: 'verbose' },
    { headers: ['a b'] },
    { query: true },
    { trustRequestID: true },
    { trustTraceContext: 'proxy' },
    { redact: ['a..b'] },
    { redact: ['a b'] },
    { redact: 'email' },
    { repeat: true },
    { repeat: { lines: 0 } },
    { repeat: { window: '1x' } },
    { repeat: { lines: 5, windows: '1m' } },
    { logger: pino({ level: 'silent' }), stream: process.stdout },
  ])('%# is refused', (options) => {
    expect(() => logging(options as LoggingOptions)).toThrow(ConfigError);
  });
});

describe('logEvent', () => {
  it('writes events at their level, cleaned, bounded and redacted by name', () => {
    const log = memory();
    const { logEvent } = logging({ stream: log });
    const base = { practice: 'csrf', datetime: '2026-11-23T00:00:00.000Z', requestId: 'f'.repeat(64) } as const;
    logEvent({ ...base, event: 'sys_startup', level: 'INFO', description: 'up' });
    logEvent({
      ...base,
      event: 'malicious_csrf',
      level: 'WARN',
      description: 'a\nforged line, token=hunter2',
      path: '/reset/0123456789abcdef0123456789abcdef0123?x=hunter2',
      details: { origin: 'https://evil.example\u202e', sessionToken: 'hunter2', deep: { a: { b: { c: 1 } } }, big: 1n },
    });
    logEvent({ ...base, event: 'sys_crash', level: 'CRITICAL', description: 'down' });
    expect(log.lines.map(({ level }) => level)).toEqual(['info', 'warn', 'error']);
    expect(log.lines[1]).toMatchObject({
      msg: 'security event',
      event: 'malicious_csrf',
      severity: 'WARN',
      practice: 'csrf',
      requestId: 'f'.repeat(64),
      description: 'a\\u000aforged line, token=[redacted]',
      path: '/reset/[redacted]',
      details: {
        origin: 'https://evil.example\\u202e',
        sessionToken: '[redacted]',
        deep: { a: { b: '[nested]' } },
        big: '1',
      },
    });
    expect(log.raw.join('')).not.toContain('hunter2');
  });
});
