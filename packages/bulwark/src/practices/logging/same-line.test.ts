import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { contextOf } from '../../context.ts';
import { ERROR_CODES, Refusal, type RefusalCode } from '../../errors.ts';
import { EVENT_NAMES, type SecurityEvent } from '../../events.ts';
import { PRACTICE_IDS } from '../../pipeline.ts';
import { memory } from './fixtures/memory-log.ts';
import { type LoggingOptions, logging } from './index.ts';
import { shownMilliseconds } from './line-text.ts';

// Bulwark writes the lines of requests and events as text. A logger that it is given gets records, and pino's lines of
// these are what the text must be, whatever a client sends.

let clock = 0;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ maxLength: 1200 }),
  fc.constantFrom(
    '\ud800',
    '"}\n{"level":"error',
    '\\',
    '\u2028\u202e',
    '\u007f',
    '',
    '192.0.2.7',
    '2001:db8::1',
    '[::1]:8443',
  ),
);
const piece = fc.oneof(
  anything,
  fc.constantFrom(
    '/',
    '?',
    '#',
    '://',
    'ann:hunter2@',
    '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b',
    'api/items',
    '%2e',
    '..',
  ),
);
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.string({ maxLength: 40 }),
  fc.constantFrom('fe80::1%eth0', 'unknown'),
);
const target = fc.array(piece, { maxLength: 6 }).map((pieces) => `/${pieces.join('')}`);
const method = fc.oneof(fc.constantFrom('GET', 'POST', 'HEAD', 'M-SEARCH', 'constructor'), anything);
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });
const codes = Object.entries(ERROR_CODES).flatMap(([code, row]) => ('status' in row ? [code as RefusalCode] : []));
const failure = fc.oneof(
  fc
    .record({ code: fc.constantFrom(...codes), reason: anything, cause: maybe(anything) })
    .map(
      ({ code, reason, cause }) =>
        new Refusal(code, { reason, cause: cause === undefined ? undefined : new Error(cause) }),
    ),
  anything.map((message) => Object.assign(new Error(message), { code: message })),
  anything.map((message) => Object.assign(new TypeError(message), { status: 409, expose: true })),
  fc.constantFrom(Object.assign(new Error('gone'), { code: 'ECONNRESET' }), 'thrown', 0),
);
const trace = fc.constantFrom(
  { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', parentId: '00f067aa0ba902b7', flags: 1 },
  { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', parentId: undefined, flags: 0 },
);
const request = fc.record({
  method,
  target,
  peer: maybe(address),
  userAgent: maybe(anything),
  host: maybe(anything),
  client: maybe(fc.record({ ip: address, host: anything })),
  trace: maybe(trace),
  failure: maybe(failure),
  status: fc.integer({ min: 100, max: 599 }),
  length: maybe(fc.oneof(fc.nat(), fc.nat().map(String), fc.constantFrom('', 'x', ' 7 ', '1e3', '-0'))),
  aborted: fc.boolean(),
  duration: fc.oneof(fc.double({ min: 0, max: 1e7, noNaN: true }), fc.integer({ min: 0, max: 100_000 })),
});
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** Lets a log see a request from its beginning to its end. */
function play(handler: ReturnType<typeof logging>, seen: Request): void {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: seen.peer });
  const req = Object.assign(new IncomingMessage(socket), { method: seen.method, url: seen.target });
  req.headers['x-request-id'] = 'gateway-0123';
  if (seen.host !== undefined) req.headers.host = seen.host;
  if (seen.userAgent !== undefined) req.headers['user-agent'] = seen.userAgent;
  const res = new ServerResponse(req);
  const context = contextOf(req);
  handler(req, res, () => undefined);
  Object.assign(context, { trace: seen.trace, client: seen.client, failure: seen.failure });
  res.statusCode = seen.status;
  if (seen.length !== undefined) res.setHeader('Content-Length', seen.length);
  Object.defineProperty(res, 'writableFinished', { value: !seen.aborted });
  clock += seen.duration;
  res.emit('close');
}

/** What Bulwark writes of something, and what pino writes of the records that Bulwark gives to it. */
function both(options: LoggingOptions, act: (log: ReturnType<typeof logging>) => void): [string[], string[]] {
  const own = memory();
  const theirs = memory();
  const timestamp = (): string => `,"time":"${new Date().toISOString()}"`;
  const logger = pino({ base: null, timestamp, formatters: { level: (level) => ({ level }) } }, theirs);
  clock = 0;
  act(logging({ trustRequestId: true, repeat: false, stream: own, ...options }));
  clock = 0;
  act(logging({ trustRequestId: true, repeat: false, logger, ...options }));
  return [own.raw, theirs.raw];
}

describe('the text of a line is what pino writes of its record', () => {
  it.each<[string, LoggingOptions]>([
    ['by default', {}],
    ['with headers and queries', { headers: ['X-A', 'Host', 'Cookie'], query: 'redacted' }],
    ['with the names of queries', { query: 'names' }],
  ])('for any request, %s', (_name, options) => {
    fc.assert(
      fc.property(request, (seen) => {
        const [own, theirs] = both(options, (log) => play(log, seen));
        expect(own).toHaveLength(1);
        expect(own).toEqual(theirs);
        expect(own[0]).toMatch(/^[^\n]*\n$/);
        JSON.parse(own[0] ?? '');
      }),
      { numRuns: 500 },
    );
  });

  const members = {
    event: fc.constantFrom(...EVENT_NAMES),
    level: fc.constantFrom('INFO', 'WARN', 'CRITICAL'),
    description: fc.oneof(anything, fc.constantFrom('limit "login" is used up', 'password=hunter2')),
    practice: fc.constantFrom(...PRACTICE_IDS),
    code: fc.constantFrom(...codes),
    monitored: fc.boolean(),
    requestId: fc.constant('gateway-0123'),
    traceId: fc.constant('4bf92f3577b34da6a3ce929d0e0e4736'),
    sourceIp: fc.oneof(anything, fc.ipV4(), fc.ipV6()),
    method,
    path: target,
    details: fc.dictionary(anything, fc.oneof(anything, fc.nat(), fc.array(anything, { maxLength: 3 })), {
      maxKeys: 4,
    }),
    datetime: fc.constant('2026-11-23T00:00:00.000Z'),
    other: anything,
  };
  const event = fc
    .tuple(
      fc.record(members, { requiredKeys: ['event', 'level', 'description', 'practice', 'datetime'] }),
      fc.shuffledSubarray(Object.keys(members), { minLength: Object.keys(members).length }),
    )
    .map(([made, order]) =>
      Object.fromEntries(order.filter((key) => key in made).map((key) => [key, made[key as never]])),
    );

  it.each<[string, LoggingOptions]>([
    ['', {}],
    [', where the policy redacts what all events have', { redact: ['sourceIp'] }],
  ])('for any event%s', (_name, options) => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 3 }), (events) => {
        const [own, theirs] = both(options, (log) => {
          for (const one of events) log.logEvent(one as unknown as SecurityEvent);
        });
        expect(own).toHaveLength(events.length);
        expect(own).toEqual(theirs);
      }),
      { numRuns: 500 },
    );
  });

  it('from the level on that is asked for', () => {
    const seen = fc.sample(request, { numRuns: 60, seed: 5 });
    const [own, theirs] = [memory(), memory()];
    const timestamp = (): string => `,"time":"${new Date().toISOString()}"`;
    const logger = pino({ base: null, timestamp, formatters: { level: (level) => ({ level }) } }, theirs);
    for (const to of [{ stream: own }, { logger }]) {
      clock = 0;
      const log = logging({ level: 'warn', trustRequestId: true, repeat: false, ...to });
      for (const one of seen) play(log, one);
    }
    expect(own.raw).toEqual(theirs.raw);
    expect(own.raw.length).toBeGreaterThan(0);
    expect(own.raw.length).toBeLessThan(60);
  });
});

it('a duration is shown as JavaScript shows it', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.double(), fc.double({ min: 0, max: 1e5 }), fc.integer({ min: 0, max: 2000 })),
      (duration) => {
        expect(shownMilliseconds(duration)).toBe(String(Math.round(duration * 1000) / 1000));
      },
    ),
  );
});
