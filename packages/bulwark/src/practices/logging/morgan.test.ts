import { createRequire } from 'node:module';
import type { RequestHandler } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { HOST } from '../../../test/support/ask.ts';
import { EXPRESS, type Sent, send } from '../../../test/support/http.ts';
import { secure } from '../../index.ts';
import { memory, serveAny } from './fixtures/memory-log.ts';
import { type MorganLike, morganStream, safeMorgan } from './index.ts';

type Morgan = MorganLike & ((format: string, options: { stream: { write(line: string): void } }) => RequestHandler);
const load = createRequire(import.meta.url);

/** A morgan of one's own for each test: tokens belong to the module. */
function freshMorgan(): Morgan {
  Reflect.deleteProperty(load.cache, load.resolve('morgan'));
  return load('morgan') as Morgan;
}
afterEach(() => {
  freshMorgan();
});

const SECRETS = [
  'query-hunter2',
  'referrer-hunter2',
  'user-hunter2',
  'basic-hunter2',
  'cookie-hunter2',
  'key-hunter2',
  'set-hunter2',
  '9f86d081884c7d659a2feaa0c55ad015',
];
const sent: Sent = {
  target: '/reset/9f86d081884c7d659a2feaa0c55ad015?t=query-hunter2&x="query-hunter2',
  headers: {
    ...HOST,
    referer: 'https://shop.example/a?t=referrer-hunter2',
    authorization: `Basic ${Buffer.from('user-hunter2:basic-hunter2').toString('base64')}`,
    cookie: 'sid=cookie-hunter2',
    'x-api-key': 'key-hunter2',
    'user-agent': 'Mozilla/5.0 (X11) "quoted"',
  },
};
const ALL =
  ':remote-addr :remote-user :method :url :status ":referrer" ":user-agent" :req[cookie] :req[x-api-key] :req[authorization] :res[set-cookie]';

describe.each(EXPRESS)('morgan under Bulwark, on Express %s', (_, express) => {
  /** What a format writes, to a stream of its own. */
  async function linesOf(morgan: Morgan, format: string, protect: boolean, request: Sent = sent): Promise<string> {
    const log = memory();
    const plain: string[] = [];
    const app = express();
    const gate = secure(app, {
      origins: 'https://shop.example',
      https: false,
      limits: false,
      logging: { stream: log },
    });
    const stream = protect ? morganStream(gate.log) : { write: (line: string) => void plain.push(line) };
    app.use(morgan(format, { stream }));
    app.use((_req, res) => void res.cookie('sid', 'set-hunter2').send('home'));
    const url = await serveAny(app);
    await send(url, request);
    await log.until(protect ? 2 : 1);
    if (!protect) return plain.join('');
    const line = log.lines.find(({ logger }) => logger === 'morgan');
    expect(line?.level).toBe('info');
    return String(line?.msg);
  }

  it.each(['combined', 'common', 'short', 'tiny', 'dev'])('control and proof: %s', async (format) => {
    const shown = await linesOf(freshMorgan(), format, false);
    expect(SECRETS.filter((secret) => shown.includes(secret))).toContain('query-hunter2');
    const line = await linesOf(freshMorgan(), format, true);
    expect(SECRETS.filter((secret) => line.includes(secret))).toEqual([]);
    expect(line).toMatch(/GET \/reset\/\[redacted\]\?\[redacted\] /);
    expect(line).toMatch(/^[ -~]+$/);
  });

  it('combined keeps what one needs of it', async () => {
    expect(await linesOf(freshMorgan(), 'combined', true)).toMatch(
      /^127\.0\.0\.1 - \[redacted\] \[[^\]]+\] "GET \/reset\/\[redacted\]\?\[redacted\] HTTP\/1\.1" 200 \S+ "https:\/\/shop\.example\/a\?\[redacted\]" "Mozilla\/5\.0 \(X11\) /,
    );
    const anonymous = await linesOf(freshMorgan(), 'combined', true, { target: '/a', headers: HOST });
    expect(anonymous).toMatch(/^127\.0\.0\.1 - - \[[^\]]+\] "GET \/a HTTP\/1\.1" 200 \S+ "-" "-"$/);
  });

  it('safeMorgan takes them out of any format', async () => {
    const shown = await linesOf(freshMorgan(), ALL, false);
    expect(SECRETS.filter((secret) => shown.includes(secret) || secret === 'basic-hunter2')).toEqual(SECRETS);
    const line = await linesOf(safeMorgan(freshMorgan()), ALL, false);
    expect(SECRETS.filter((secret) => line.includes(secret))).toEqual([]);
    expect(line).not.toContain(Buffer.from('user-hunter2').toString('base64').slice(0, 12));
    expect(line).toMatch(
      /^127\.0\.0\.1 \[redacted\] GET \/reset\/\[redacted\] 200 "https:\/\/shop\.example\/a" "Mozilla/,
    );
    expect(line.match(/\[redacted\]/g)).toHaveLength(6);
  });
});

describe('morganStream', () => {
  it('makes one clean record of what it is given', () => {
    const lines: [object, string][] = [];
    const write = (record: object, message: string): void => void lines.push([record, message]);
    const stream = morganStream({ info: write, warn: write, error: write });
    stream.write('\u001b[0mGET /a \u001b[32m200\u001b[0m 1.2 ms - 4\u001b[0m\n');
    stream.write('GET /\u202ea\nforged\u001b[2J token=hunter2 200\n');
    stream.write(`GET /${'a '.repeat(10_000)}`);
    expect(lines[0]).toEqual([{ logger: 'morgan' }, 'GET /a 200 1.2 ms - 4']);
    expect(lines[1]?.[1]).toBe('GET /\\u202ea\\u000aforged\\u001b[2J token=[redacted] 200');
    expect(lines[2]?.[1].length).toBeLessThan(4200);
  });
});
