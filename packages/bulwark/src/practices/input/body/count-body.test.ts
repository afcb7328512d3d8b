import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { QUIET } from '../../../../test/support/ask.ts';
import { EXPRESS, type Express, type Served, serve } from '../../../../test/support/http.ts';
import type { SecurityEvent } from '../../../events.ts';
import type { Policy } from '../../../policy.ts';
import { secure } from '../../../secure.ts';
import { connect, say, statusOf, until } from '../../limits/fixtures/raw-socket.ts';
import { input } from '../index.ts';

const open: Served[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

const KB = 1024;
const CHUNK = `4000\r\n${'a'.repeat(0x4000)}\r\n`;
const END = '0\r\n\r\n';
const head = (target: string, framing: string, type = 'a/b'): string =>
  `POST ${target} HTTP/1.1\r\nHost: shop.example\r\nContent-Type: ${type}\r\n${framing}\r\n\r\n`;
const chunked = (target: string, chunks: number, type?: string): string =>
  head(target, 'Transfer-Encoding: chunked\r\nConnection: close', type) + CHUNK.repeat(chunks) + END;

interface App extends Served {
  readonly events: SecurityEvent[];
  /** What the streams of the handlers failed with. */
  readonly failures: unknown[];
}

async function start(express: Express, policy: Partial<Policy> = {}): Promise<App> {
  const app = express();
  const gate = secure(app, { ...QUIET, errors: { onError: () => undefined }, ...policy });
  const events: SecurityEvent[] = [];
  const failures: unknown[] = [];
  gate.on('input_validation_fail', (event) => void events.push(event));
  const sum = async (req: IncomingMessage): Promise<number> => {
    let bytes = 0;
    for await (const chunk of req) bytes += (chunk as Buffer).length;
    return bytes;
  };
  const limit = '64kb';
  app.post('/async', input.stream({ limit }), async (req, res) => void res.json(await sum(req)));
  app.post('/unread', async (req, res) => void res.json(await sum(req)));
  app.post('/default', input.stream(), async (req, res) => void res.json(await sum(req)));
  app.post('/answers', (_req, res) => void res.send('not read'));
  // Handlers that do not listen for errors, or keep them to themselves.
  app.post('/deaf', input.stream({ limit }), (req, res) => {
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    req.on('end', () => void res.json(bytes));
  });
  app.post('/pipeline', input.stream({ limit }), (req, res) => {
    pipeline(req, res, (error) => void failures.push(error));
  });
  app.post('/json', input.json(), (req, res) => void res.json(req.body));
  const served = await serve(app);
  open.push(served);
  return Object.assign(served, { events, failures });
}

describe.each(EXPRESS)('a body that something else reads, on Express %s', (_, express) => {
  it('is handed on untouched within its limit', async () => {
    const { port } = await start(express);
    for (const path of ['/async', '/deaf', '/unread', '/default']) {
      expect(await say(port, chunked(path, 4))).toMatch(/\r\n\r\n65536$/);
      const whole = `${head(path, 'Content-Length: 65536\r\nConnection: close')}${'a'.repeat(65536)}`;
      expect(await say(port, whole)).toMatch(/\r\n\r\n65536$/);
    }
    expect(await say(port, chunked('/default', 40))).toMatch(/\r\n\r\n655360$/);
  });

  it('is refused by what it announces', async () => {
    const { port } = await start(express);
    for (const [path, length] of [
      ['/async', 64 * KB + 1],
      ['/unread', 100 * KB + 1],
      ['/answers', 100 * KB + 1],
      ['/default', KB ** 3 + 1],
    ] as const) {
      const heard = await say(port, head(path, `Content-Length: ${length}`));
      expect([path, statusOf(heard), heard.includes('ERR_BODY_TOO_LARGE')]).toEqual([path, 413, true]);
      expect(heard).toMatch(/connection: close/i);
    }
  });

  it('control: without input nobody counts', async () => {
    const { port } = await start(express, { input: false });
    expect(await say(port, chunked('/unread', 40))).toMatch(/\r\n\r\n655360$/);
  });

  it.each(['/async', '/unread'])(
    'chunked past its limit: an async handler of %s fails, and the answer is 413',
    async (path) => {
      const app = await start(express);
      const heard = await say(app.port, chunked(path, 40));
      expect([statusOf(heard), heard.includes('ERR_BODY_TOO_LARGE')]).toEqual([413, true]);
      expect(app.events.map(({ code }) => code)).toEqual(['ERR_BODY_TOO_LARGE']);
    },
  );

  it('chunked past its limit, and nobody listens: the connection is closed, and the event says why', async () => {
    const app = await start(express);
    const heard = await say(app.port, chunked('/deaf', 40));
    expect(statusOf(heard)).toBe(0);
    expect(app.events).toEqual([
      expect.objectContaining({ event: 'input_validation_fail', code: 'ERR_BODY_TOO_LARGE', path: '/deaf' }),
    ]);
  });

  it('chunked past its limit, in a pipeline that has begun to answer: what was begun is cut off', async () => {
    const app = await start(express);
    const heard = await say(app.port, chunked('/pipeline', 40));
    expect(heard).not.toMatch(/\r\n0\r\n\r\n$/);
    await until(() => app.failures.length > 0);
    expect(app.failures).toEqual([expect.objectContaining({ code: 'ERR_BODY_TOO_LARGE' })]);
  });

  it('an endless one that nobody reads costs no more than a buffer', async () => {
    const app = await start(express);
    const sizes: number[] = [];
    app.server.on('connection', (socket) => socket.on('close', () => sizes.push(socket.bytesRead)));
    const { socket, closed } = connect(app.port);
    const pump = (): void => {
      while (socket.writable && socket.write(CHUNK));
    };
    socket.on('drain', pump);
    socket.write(head('/async', 'Transfer-Encoding: chunked'));
    pump();
    expect(statusOf(await closed)).toBe(413);
    await until(() => sizes.length === 1);
    expect(sizes[0]).toBeLessThan(16 * KB * KB);
  });

  it('the limit of bodies that nobody reads is the largest of the others, or one of its own', async () => {
    const json = await start(express, { input: { json: { limit: '300kb' } } });
    expect(statusOf(await say(json.port, chunked('/unread', 18)))).toBe(200);
    expect(statusOf(await say(json.port, chunked('/unread', 20)))).toBe(413);
    const own = await start(express, { input: { unread: { limit: '16kb' } } });
    expect(statusOf(await say(own.port, chunked('/unread', 1)))).toBe(200);
    expect(statusOf(await say(own.port, chunked('/unread', 2)))).toBe(413);
    const none = await start(express, { input: { json: false, urlencoded: false } });
    expect(statusOf(await say(none.port, chunked('/unread', 6)))).toBe(200);
    expect(statusOf(await say(none.port, chunked('/unread', 8)))).toBe(413);
  });

  it('goes on on the same connection after a body that was within it', async () => {
    const app = await start(express);
    const first = chunked('/async', 2).replace('Connection: close', 'Connection: keep-alive');
    const heard = await say(app.port, first + chunked('/async', 1));
    expect(heard.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  });
});
