import { Writable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import winston from 'winston';
import { EXPRESS, send } from '../../../test/support/http.ts';
import { ConfigError } from '../../errors.ts';
import { home, memory, setUp } from './fixtures/memory-log.ts';
import { type AppLogger, logOf, winstonLogger } from './index.ts';

const { combine, errors, json, printf, timestamp } = winston.format;

/** A winston that writes to a list, as people configure it. */
function book(format: winston.Logform.Format, levels?: winston.config.AbstractConfigSetLevels) {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(...String(chunk).split('\n').filter(Boolean));
      done();
    },
  });
  const transports = [new winston.transports.Stream({ stream })];
  const logger = winston.createLogger({ format, transports, ...(levels === undefined ? {} : { levels }) });
  return { logger, lines, until: (count: number) => vi.waitFor(() => expect(lines).toHaveLength(count)) };
}

const FORGED = 'ann\n2026-11-23 info: login ok for admin';
const handWritten = printf(({ level, message, error }) => {
  const { message: why = '', stack = '' } = (error ?? {}) as { message?: string; stack?: string };
  return `2026-11-23 ${level}: ${String(message)} ${why} ${stack}`;
});

describe.each(EXPRESS)('winstonLogger on Express %s', (_, express) => {
  it('control: a message with a line break makes two lines of printf', async () => {
    const { logger, lines, until } = book(handWritten);
    logger.error('failed', { error: new Error(FORGED) });
    await until(2 + (lines.length > 2 ? lines.length - 2 : 0)).catch(() => undefined);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines[1]).toContain('2026-11-23 info: login ok for admin');
  });

  it('no member of a record makes a transport drop its line', async () => {
    const { logger, lines, until } = book(json());
    const { url } = await setUp(
      express,
      (app) => {
        app.use(express.json());
        app.post('/', (req, res) => {
          logOf(req).warn(req.body, 'login failed');
          res.end();
        });
      },
      { logger: winstonLogger(logger) },
    );
    const body = '{"user":"ann","exception":true,"rejection":true}';
    await send(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    await until(2);
    expect(lines[0]).toMatch(/"user":"ann".*login failed|login failed.*"user":"ann"/);
  });

  it('one record is one line of printf, frames of the stack included', async () => {
    const { logger, lines, until } = book(handWritten);
    const { url } = await setUp(
      express,
      (app) => {
        app.get('/', () => {
          throw new Error(FORGED);
        });
      },
      { logger: winstonLogger(logger) },
    );
    await send(url);
    await until(1);
    expect(lines[0]).toContain('error: request failed ann\\u000a2026-11-23 info');
    expect(lines[0]).toMatch(/ at .+ \| at .+/);
  });

  it('writes every member with json, errors and timestamp', async () => {
    const { logger, lines, until } = book(combine(errors({ stack: true }), timestamp(), json()));
    const { url } = await setUp(
      express,
      (app) => {
        home(app);
        app.get('/log', (req, res) => {
          (req as unknown as { log: AppLogger }).log.warn(
            { password: 'hunter2', level: 'error', message: 'no', splat: [1] },
            '%s of %d',
          );
          res.end();
        });
      },
      { logger: winstonLogger(logger) },
    );
    const answer = await send(url);
    await send(`${url}/log`);
    await until(3);
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records[0]).toMatchObject({
      level: 'info',
      message: 'request',
      requestId: answer.headers['x-request-id'],
      path: '/',
      status: 200,
    });
    expect(records[1]).toMatchObject({
      level: 'warn',
      message: '%s of %d',
      password: '[redacted]',
      level_: 'error',
      message_: 'no',
      splat_: [1],
    });
  });
});

describe('winstonLogger', () => {
  it('lets no record change level or message', async () => {
    const { logger, lines, until } = book(json());
    winstonLogger(logger).info(
      { level: 'error', message: 'forged', splat: ['x'], stack: 'a\nb', big: 1n },
      'true\nline',
    );
    await until(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      message: 'true\\u000aline',
      level_: 'error',
      message_: 'forged',
      splat_: ['x'],
      stack: 'a | b',
      big: '1',
    });
  });

  it('control: winston itself appends a message of the record', async () => {
    const { logger, lines, until } = book(json());
    logger.info('true', { message: 'forged' });
    await until(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ message: 'true forged' });
  });

  it('finds the levels of syslog', async () => {
    const { logger, lines, until } = book(json(), winston.config.syslog.levels);
    const adapted = winstonLogger(logger);
    adapted.warn({}, 'a');
    adapted.error({}, 'b');
    await until(2);
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(['warning', 'error']);
  });

  it('is bounded, and survives a transport that fails', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) });
    const logger = winston.createLogger({ transports: [new winston.transports.Stream({ stream })] });
    const adapted = winstonLogger(logger);
    let deep: object = {};
    for (let i = 0; i < 50; i++) deep = { deep };
    adapted.info(deep, 'x'.repeat(100_000));
    logger.emit('error', new Error('transport lost'));
    await vi.waitFor(() =>
      expect(warning).toHaveBeenCalledWith('log lines cannot be written (transport lost)', 'BulwarkWarning'),
    );
    stream.on('error', () => undefined);
    warning.mockRestore();
  });

  it.each([
    undefined,
    null,
    {},
    { levels: {} },
    { log: () => undefined },
    { levels: { info: 1, warn: 1, error: 1 } },
    pino({ level: 'silent' }),
  ])('refuses %#: no winston', (given) => {
    expect(() => winstonLogger(given as unknown as winston.Logger)).toThrow(ConfigError);
  });
});

it('a pino needs no adapter', async () => {
  const log = memory();
  const [, [, express]] = EXPRESS;
  const { url } = await setUp(express, home, { logger: pino({ base: null }, log) });
  await send(url);
  await log.until(1);
  expect(log.lines[0]).toMatchObject({ level: 30, msg: 'request', path: '/' });
});
