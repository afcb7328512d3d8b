import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { EXPRESS, send } from '../../../test/support/http.ts';
import { home, setUp } from './fixtures/memory-log.ts';
import { traceparent } from './index.ts';
import { readTraceparent } from './trace-context.ts';

const TRACE = '12345678901234567890123456789012';
const PARENT = '1234567890123456';
const taken = { traceId: TRACE, parentId: PARENT, flags: 1 };

// The cases of the specification's own test suite (w3c/trace-context, test/test.py), by the names of their tests.
describe('readTraceparent', () => {
  it.each([
    ['header_included', `00-${TRACE}-${PARENT}-01`, taken],
    ['not sampled', `00-${TRACE}-${PARENT}-00`, { ...taken, flags: 0 }],
    ['random flag of level 2', `00-${TRACE}-${PARENT}-03`, { ...taken, flags: 3 }],
    ['unknown flags', `00-${TRACE}-${PARENT}-ff`, { ...taken, flags: 3 }],
    ['version_0x00 with more behind it', `00-${TRACE}-${PARENT}-01-what-the-future-will-be-like`, undefined],
    ['version_0x00 with a point', `00-${TRACE}-${PARENT}-01.what-the-future-will-be-like`, undefined],
    ['version_0xcc', `cc-${TRACE}-${PARENT}-01`, taken],
    ['version_0xcc, the future', `cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`, taken],
    ['version_0xcc, flags of the future', `cc-${TRACE}-${PARENT}-ff`, taken],
    ['version_0xcc with a point', `cc-${TRACE}-${PARENT}-01.what-the-future-will-be-like`, undefined],
    ['version_0xff', `ff-${TRACE}-${PARENT}-01`, undefined],
    ['version_illegal_characters', `.0-${TRACE}-${PARENT}-01`, undefined],
    ['version_illegal_characters', `0.-${TRACE}-${PARENT}-01`, undefined],
    ['version_too_long', `000-${TRACE}-${PARENT}-01`, undefined],
    ['version_too_short', `0-${TRACE}-${PARENT}-01`, undefined],
    ['trace_id_all_zero', `00-${'0'.repeat(32)}-${PARENT}-01`, undefined],
    ['trace_id_illegal_characters', `00-.${TRACE.slice(1)}-${PARENT}-01`, undefined],
    ['trace_id in capitals', `00-${'ABCDEF12'.repeat(4)}-${PARENT}-01`, undefined],
    ['trace_id_too_long', `00-${TRACE}3-${PARENT}-01`, undefined],
    ['trace_id_too_short', `00-${TRACE.slice(1)}-${PARENT}-01`, undefined],
    ['parent_id_all_zero', `00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
    ['parent_id_illegal_characters', `00-${TRACE}-.${PARENT.slice(1)}-01`, undefined],
    ['parent_id_too_long', `00-${TRACE}-${PARENT}7-01`, undefined],
    ['parent_id_too_short', `00-${TRACE}-${PARENT.slice(1)}-01`, undefined],
    ['trace_flags_illegal_characters', `00-${TRACE}-${PARENT}-.0`, undefined],
    ['trace_flags_too_long', `00-${TRACE}-${PARENT}-001`, undefined],
    ['trace_flags_too_short', `00-${TRACE}-${PARENT}-1`, undefined],
    ['twice, as node joins them', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`, undefined],
    ['a list', [`00-${TRACE}-${PARENT}-01`], undefined],
    ['empty', '', undefined],
    ['without end', `cc-${TRACE}-${PARENT}-01-${'x'.repeat(10_000)}`, undefined],
  ])('%s: %s', (_, header, trace) => {
    expect(readTraceparent(header)).toEqual(trace);
  });
});

describe.each(EXPRESS)('on Express %s', (_, express) => {
  const sent = { headers: { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'vendor=hunter2' } };

  it('a well-formed traceparent is in the line, beside an id of our own', async () => {
    const { url, log } = await setUp(express, home);
    await send(url, sent);
    await send(url, { headers: { traceparent: `00-${TRACE}-${PARENT}-01-x` } });
    await log.until(2);
    expect(log.lines[0]).toMatchObject({ traceId: TRACE, parentId: PARENT });
    expect(log.lines[0]?.requestId).not.toBe(TRACE);
    expect(log.lines[1]).not.toHaveProperty('traceId');
    expect(log.raw.join('')).not.toContain('hunter2');
  });

  it('trustTraceContext: false restarts the trace', async () => {
    const { url, log } = await setUp(
      express,
      (app) => void app.get('/', (req, res) => void res.send(traceparent(req))),
      { trustTraceContext: false },
    );
    const { body } = await send(url, sent);
    await log.until(1);
    expect(log.raw.join('')).not.toContain(TRACE);
    expect(body).not.toContain(TRACE);
  });

  it('traceparent() goes on with the trace, or begins one, with a new span for each call', async () => {
    const { url, log } = await setUp(express, (app) => {
      app.get('/', (req, res) => void res.json([traceparent(req), traceparent(req)]));
    });
    const went = (await send(url, sent)).json<string[]>();
    expect(went.map((header) => header.slice(0, 36))).toEqual([`00-${TRACE}-`, `00-${TRACE}-`]);
    const answer = await send(url);
    const began = answer.json<string[]>();
    await log.until(2);
    const traceId = String(answer.headers['x-request-id']).replaceAll('-', '');
    expect(began.map((header) => readTraceparent(header))).toMatchObject([
      { traceId, flags: 0 },
      { traceId, flags: 0 },
    ]);
    expect(log.lines[1]).toMatchObject({ traceId });
    expect(log.lines[1]).not.toHaveProperty('parentId');
    expect(new Set([...went, ...began].map((header) => header.slice(36, 52))).size).toBe(4);
    expect(went.map((header) => header.slice(36, 52))).not.toContain(PARENT);
  });
});

it('traceparent() works without logging, and with a request id of a gateway', () => {
  const { traceId } = readTraceparent(traceparent({ headers: {} } as IncomingMessage)) ?? {};
  expect(traceId).toMatch(/^[\da-f]{32}$/);
});
