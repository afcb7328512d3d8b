import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { recordCleaner } from './record-cleaner.ts';
import { secretTest } from './secret-names.ts';

const clean = recordCleaner(secretTest(['user.email']));

describe('what an app logs', () => {
  it('loses what stands under a secret name, at any depth and in any form', () => {
    const record = {
      user: { name: 'ann', email: 'ann@a.example', password: 'hunter2', hasPassword: true, token: null },
      deep: { list: [{ otp: 123456 }, { cookies: { sid: 'hunter2' } }], tokens: ['hunter2', 'hunter2'] },
      headers: new Headers({ Authorization: 'Bearer hunter2', Accept: 'text/html' }),
      rawHeaders: ['Cookie', 'sid=hunter2'],
      entries: [
        ['Authorization', 'hunter2'],
        ['Accept', 'text/html'],
      ],
      har: [
        { name: 'Cookie', value: 'hunter2' },
        { name: 'Accept', value: 'text/html' },
      ],
      form: new URLSearchParams({ password: 'hunter2', user: 'ann' }),
      map: new Map<unknown, unknown>([
        ['apiKey', 'hunter2'],
        ['page', 2],
      ]),
      set: new Set([{ pin: '1234' }]),
    };
    const cleaned = clean(record);
    expect(JSON.stringify(cleaned)).not.toMatch(/hunter2|1234|ann@/);
    expect(cleaned).toEqual({
      user: { name: 'ann', email: '[redacted]', password: '[redacted]', hasPassword: true, token: null },
      deep: { list: [{ otp: '[redacted]' }, { cookies: '[redacted]' }], tokens: '[redacted]' },
      headers: { accept: 'text/html', authorization: '[redacted]' },
      rawHeaders: '[redacted]',
      entries: [
        ['Authorization', '[redacted]'],
        ['Accept', 'text/html'],
      ],
      har: [
        { name: 'Cookie', value: '[redacted]' },
        { name: 'Accept', value: 'text/html' },
      ],
      form: { password: '[redacted]', user: 'ann' },
      map: { apiKey: '[redacted]', page: 2 },
      set: [{ pin: '[redacted]' }],
    });
  });

  it('loses secrets in its texts and addresses, and control characters', () => {
    expect(
      clean({
        said: 'password=hunter2\nforged \u202e\u001b[2J',
        url: '/a?q=hunter2',
        originalUrl: '/reset/9f86d081884c7d659a2feaa0c55ad015?t=1',
        link: new URL('https://ann:hunter2@a.example/b?token=hunter2'),
        body: '{"password":"hunter2"}',
        'na\nme': 1,
        '9f86d081884c7d659a2feaa0c55ad015': 2,
      }),
    ).toEqual({
      said: 'password=[redacted]\\u000aforged \\u202e\\u001b[2J',
      url: '/a',
      originalUrl: '/reset/[redacted]',
      link: 'https://[redacted]@a.example/b',
      body: '{"password":[redacted]}',
      'na\\u000ame': 1,
      '[redacted]': 2,
    });
  });

  it('describes errors, and names requests, streams and code instead of walking them', () => {
    const req = new IncomingMessage(new Socket());
    Object.assign(req, { method: 'POST', url: '/a?token=hunter2', headers: { cookie: 'hunter2' }, body: 'hunter2' });
    const res = new ServerResponse(req);
    const failed = Object.assign(new Error('no'), { config: { headers: { Authorization: 'hunter2' } } });
    const cleaned = clean({
      req,
      res,
      failed,
      copied: { config: failed.config, message: 'no', stack: 'Error: no' },
      socket: req.socket,
    });
    expect(JSON.stringify(cleaned)).not.toContain('hunter2');
    expect(cleaned).toMatchObject({
      req: { method: 'POST', path: '/a' },
      res: { status: 200 },
      failed: { type: 'Error', message: 'no' },
      copied: { type: 'Object', message: 'no' },
      socket: '[Socket]',
    });
    class Pool extends EventEmitter {
      config = { url: 'hunter2' };
    }
    class Secret {
      #value = 'hunter2';
      reveal = (): string => this.#value;
      toJSON(): string {
        return '[secret]';
      }
    }
    class Entity {
      name = 'ann';
      passwordHash = 'hunter2';
    }
    expect(
      clean([
        new Pool(),
        new Secret(),
        new Entity(),
        Promise.resolve(1),
        () => 'x',
        Symbol('x'),
        new WeakMap(),
        /x/,
        class {},
      ]),
    ).toEqual([
      '[Pool]',
      '[secret]',
      { name: 'ann', passwordHash: '[redacted]' },
      '[Promise]',
      '[function]',
      '[symbol]',
      '[WeakMap]',
      '[RegExp]',
      '[function]',
    ]);
  });

  it('names bytes by their number', () => {
    expect(clean([Buffer.from('hunter2'), new Uint16Array(2), new ArrayBuffer(3)])).toEqual([
      '[Buffer 7 bytes]',
      '[Uint16Array 4 bytes]',
      '[ArrayBuffer 3 bytes]',
    ]);
  });

  it('takes what JSON cannot', () => {
    expect(clean([1n, Number.NaN, undefined, new Date(0), new Date('x'), Object.create(null)])).toEqual([
      '1',
      'NaN',
      undefined,
      '1970-01-01T00:00:00.000Z',
      'Invalid Date',
      {},
    ]);
  });

  it('survives circles, getters and traps that throw, and answers of its own that never end', () => {
    const circle: Record<string, unknown> = { name: 'ann' };
    circle.self = circle;
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const endless = (): object => ({ toJSON: endless });
    const itself = { a: 1, toJSON: (): unknown => itself };
    expect(
      clean({
        circle,
        proxy,
        getter: {
          get a(): string {
            throw new Error('hunter2');
          },
        },
        json: {
          toJSON(): string {
            throw new Error('hunter2');
          },
        },
        endless: endless(),
        itself,
      }),
    ).toEqual({
      circle: { name: 'ann', self: '[circular]' },
      proxy: '[unreadable]',
      getter: { a: '[unreadable]' },
      json: '[unreadable]',
      endless: { toJSON: '[function]' },
      itself: { a: 1, toJSON: '[function]' },
    });
    // Twice is no circle.
    const shared = { a: 1 };
    expect(clean([shared, shared])).toEqual([shared, shared]);
  });

  it('is bounded in depth, number and text', () => {
    let deep: unknown = 'end';
    for (let i = 0; i < 100; i++) deep = { deep };
    expect(JSON.stringify(clean(deep)).length).toBeLessThan(100);
    expect(JSON.stringify(clean(Array.from({ length: 100_000 }, () => 'x'))).length).toBeLessThan(300);
    expect(JSON.stringify(clean('x '.repeat(100_000))).length).toBeLessThan(1100);
    const wide = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`a${i}`, Array(40).fill({ b: 'x '.repeat(400) })]),
    );
    expect(JSON.stringify(clean(wide)).length).toBeLessThan(40_000);
    const map = new Map(Array.from({ length: 1000 }, (_, i) => [i, i]));
    expect(Object.keys(clean(map) as object)).toHaveLength(51);
  });

  it('sets no prototype', () => {
    const cleaned = clean(JSON.parse('{"__proto__":{"admin":true},"a":1}')) as Record<string, unknown>;
    expect(Object.keys(cleaned)).toEqual(['[__proto__]', 'a']);
    expect(cleaned.admin).toBeUndefined();
  });
});
