import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refuseFraming } from './framing.ts';
import { flightBoard, type InFlight } from './in-flight.ts';

describe('the board of requests in flight', () => {
  it('a response that closes lets its own request go, and no other', () => {
    const board = flightBoard(60_000, () => undefined);
    const clients = ['192.0.2.1', '192.0.2.1', '192.0.2.2'];
    const entries = clients.map((client) => {
      const res = Object.assign(new EventEmitter(), { socket: {} });
      return { req: {}, res, client } as unknown as InFlight;
    });
    for (const entry of entries) board.enter(entry);
    expect([board.count('192.0.2.1'), board.count('192.0.2.2')]).toEqual([2, 1]);
    entries[2]?.res.emit('close');
    expect([board.count('192.0.2.1'), board.count('192.0.2.2')]).toEqual([2, 0]);
    entries[0]?.res.emit('close');
    entries[0]?.res.emit('close');
    expect([board.count('192.0.2.1'), board.size().requests]).toEqual([1, 1]);
    entries[1]?.res.emit('close');
    expect(board.size()).toEqual({ requests: 0, clients: 0 });
  });
});

/** A name in any mixture of capitals and small letters. */
const anyCase = (name: string): fc.Arbitrary<string> =>
  fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length }).map((upper) =>
    name
      .split('')
      .map((letter, i) => (upper[i] ? letter.toUpperCase() : letter))
      .join(''),
  );

function judge(...headers: readonly (readonly [string, string])[]): string | undefined {
  const req = { rawHeaders: headers.flat(), headers: { host: 'a' }, httpVersion: '1.1', url: '/' };
  return refuseFraming(req as unknown as IncomingMessage)?.code;
}

describe('framing finds a header however its name is written', () => {
  it.each([
    ['host', 'b', 'ERR_HOST_INVALID'],
    ['upgrade', 'h2c', 'ERR_REQUEST_SMUGGLING'],
    ['transfer-encoding', 'gzip, chunked', 'ERR_REQUEST_SMUGGLING'],
    ['transfer_encoding', 'chunked', 'ERR_REQUEST_SMUGGLING'],
    ['content_length', '5', 'ERR_REQUEST_SMUGGLING'],
  ])('%s', (name, value, code) => {
    fc.assert(
      fc.property(anyCase(name), (written) => {
        expect(judge(['Host', 'a'], [written, value])).toBe(code);
      }),
    );
    expect(judge(['Host', 'a'])).toBeUndefined();
  });

  it('content-length, twice', () => {
    fc.assert(
      fc.property(anyCase('content-length'), anyCase('content-length'), (one, other) => {
        expect(judge(['Host', 'a'], [one, '5'])).toBeUndefined();
        expect(judge(['Host', 'a'], [one, '5'], [other, '6'])).toBe('ERR_REQUEST_SMUGGLING');
      }),
    );
  });
});
