import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type Served, serve } from '../../../test/support/http.ts';
import { ALONE } from '../../context.ts';
import { ConfigError } from '../../errors.ts';
import type { EventInput } from '../../events.ts';
import { type BreachSource, type PasswordsOptions, passwords, rangeSearch } from './index.ts';

const STOLEN = 'correct horse battery staple';
const SHA1 = createHash('sha1').update(STOLEN).digest('hex').toUpperCase();
const GOOD = 'xuvqe kzmoi bat hgw';

const servers: Served[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** A server that speaks the range search, and what it was asked. */
async function source(
  answer: (res: ServerResponse) => void,
): Promise<{ url: string; asked: string[]; headers: IncomingMessage['headers'][] }> {
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const served = await serve((req: IncomingMessage, res: ServerResponse) => {
    asked.push(req.url ?? '');
    headers.push(req.headers);
    answer(res);
  });
  servers.push(served);
  return { url: `${served.url}/range/`, asked, headers };
}

function practice(
  breached: BreachSource,
  more: PasswordsOptions = {},
): {
  check: ReturnType<typeof passwords>['check'];
  events: EventInput[];
} {
  const events: EventInput[] = [];
  const options = { target: false, breached, ...more } as const;
  return { check: passwords(options, { ...ALONE, emit: (event) => events.push(event) }).check, events };
}

const lines = (...rows: string[]): string => rows.join('\r\n');
const OTHER = '0018A45C4D1DEF81644B54AB7F969B88D65';

describe('the source of breached passwords', () => {
  it('is told five digits, with padding, and a breached password is not taken', async () => {
    const { url, asked, headers } = await source((res) => res.end(lines(`${OTHER}:3`, `${SHA1.slice(5)}:7`)));
    const { check, events } = practice(rangeSearch(url));
    expect((await check(STOLEN)).map(({ code }) => code)).toEqual(['breached']);
    expect(asked).toEqual([`/range/${SHA1.slice(0, 5)}`]);
    expect(headers[0]?.['add-padding']).toBe('true');
    expect(JSON.stringify([asked, headers])).not.toContain(SHA1.slice(0, 6));
    expect(events).toEqual([]);
  });

  it('a line of padding is no breach, nor is another suffix, and case makes no difference', async () => {
    const padded = await source((res) => res.end(lines(`${SHA1.slice(5)}:0`, `${OTHER}:9`)));
    expect(await practice(rangeSearch(padded.url)).check(STOLEN)).toEqual([]);
    const lower = practice(async () => `${SHA1.slice(5).toLowerCase()}:1`);
    expect(await lower.check(STOLEN)).toHaveLength(1);
  });

  it('is asked for the normalised spelling, and not at all for what is refused anyway', async () => {
    const asked: string[] = [];
    const { check } = practice(async (prefix) => {
      asked.push(prefix);
      return '';
    });
    await check('caf\u00e9 am fluss bei nacht');
    await check('cafe\u0301 am fluss bei nacht');
    await check('passwordpassword');
    await check('short');
    expect(asked).toHaveLength(2);
    expect(asked[0]).toBe(asked[1]);
  });

  it.each<[string, BreachSource]>([
    ['rejects', () => Promise.reject(new Error('secret.example is down'))],
    [
      'throws',
      () => {
        throw new TypeError('no');
      },
    ],
    ['never answers, and does not heed the signal', () => new Promise(() => undefined)],
  ])('one that %s: the lists that ship have judged, and an event says so', async (_name, breached) => {
    const { check, events } = practice(breached, { breachedTimeout: 20 });
    expect(await check(GOOD)).toEqual([]);
    expect((await check('manchesterunited')).map(({ code }) => code)).toEqual(['common']);
    expect(events.map(({ event }) => event)).toEqual(['sys_breach_check_failed']);
    expect(JSON.stringify(events)).not.toMatch(/secret\.example|xuvqe/);
  });

  it.each<[string, (res: ServerResponse) => void]>([
    ['500', (res) => void res.writeHead(500).end(lines(`${SHA1.slice(5)}:7`))],
    ['a redirect', (res) => void res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['two megabytes', (res) => void res.end('A'.repeat(2 * 1024 * 1024))],
    ['half an answer', (res) => void res.writeHead(200).write('00', () => res.destroy())],
  ])('a server that answers %s is no source', async (_name, answer) => {
    const { url } = await source(answer);
    const { check, events } = practice(rangeSearch(url));
    expect(await check(STOLEN)).toEqual([]);
    expect(events).toHaveLength(1);
  });

  it('does not follow it to somebody who was not named', async () => {
    const other = await source((res) => res.end(lines(`${SHA1.slice(5)}:7`)));
    const { url } = await source((res) => void res.writeHead(302, { location: other.url }).end());
    const { check, events } = practice(rangeSearch(url));
    expect(await check(STOLEN)).toEqual([]);
    expect(other.asked).toEqual([]);
    expect(events).toHaveLength(1);
  });

  it('asks fifty at once at the most', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    let asked = 0;
    const { check, events } = practice(() => {
      asked += 1;
      return promise;
    });
    const all = Array.from({ length: 60 }, () => check(GOOD));
    await Promise.all(all.slice(50));
    expect(asked).toBe(50);
    resolve('');
    await Promise.all(all);
    expect(events.length).toBeGreaterThan(0);
  });

  it('an abort of the caller is the caller’s', async () => {
    const { check, events } = practice(() => new Promise(() => undefined));
    const controller = new AbortController();
    const checking = check(GOOD, { signal: controller.signal });
    controller.abort(new Error('the client is gone'));
    await expect(checking).rejects.toThrow('the client is gone');
    expect(events).toEqual([]);
  });

  it.each(['http://api.example/range/', 'https://api.example/range', 'ftp://localhost/', 'range'])(
    'refuses %s',
    (url) => {
      expect(() => rangeSearch(url)).toThrow(ConfigError);
    },
  );
});
