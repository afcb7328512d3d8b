import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { fileTypeFromBuffer } from 'file-type';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOST, QUIET } from '../../../../../test/support/ask.ts';
import { EXPRESS, type Express, type Served, send, serve } from '../../../../../test/support/http.ts';
import { secure } from '../../../../secure.ts';
import { connect, say, statusOf, until } from '../../../limits/fixtures/raw-socket.ts';
import { BOUNDARY, GIF, HTML, MULTIPART_TYPE, multipartBody, PNG, type SentPart } from '../../fixtures/multipart.ts';
import { filesOf, input, type MultipartOptions } from '../../index.ts';
import { resolveMultipart } from './multipart-options.ts';
import { readMultipart } from './read-multipart.ts';

const directory = mkdtempSync(join(tmpdir(), 'bulwark-uploads-'));
afterAll(() => rmSync(directory, { recursive: true }));
const left = (): string[] => readdirSync(directory);

const open: Served[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});
beforeEach(() => {
  if (left().length > 0) throw new Error(`left over: ${left().join()}`);
});

const OPTIONS: MultipartOptions = {
  fields: { limit: '1kb', count: 5 },
  files: { file: { types: ['image/png', 'image/gif'], limit: '64kb', count: 2 } },
  directory,
};

interface App extends Served {
  /** What the handler saw on the disk while it ran. */
  readonly seen: { path: string; mode: number; content: Buffer }[];
  /** What was thrown that is no refusal. */
  readonly internal: unknown[];
}

async function start(express: Express, more: { keep?: boolean; hold?: Promise<void> } = {}): Promise<App> {
  const app = express();
  const internal: unknown[] = [];
  const seen: App['seen'] = [];
  secure(app, { ...QUIET, rateLimit: false, errors: { onError: (error) => void internal.push(error) } });
  app.post('/', input.multipart(OPTIONS), async (req, res) => {
    for (const { path = '', keep } of filesOf(req).file ?? []) {
      seen.push({ path, mode: statSync(path).mode & 0o777, content: readFileSync(path) });
      if (more.keep) keep();
    }
    await more.hold;
    res.json(seen.length);
  });
  const served = await serve(app);
  open.push(served);
  return Object.assign(served, { seen, internal });
}

const head = (framing: string): string =>
  `POST / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nContent-Type: ${MULTIPART_TYPE}\r\n${framing}\r\n\r\n`;
const file = (content: Buffer): SentPart => ({ name: 'file', filename: 'a.png', content });
const large = Buffer.concat([PNG, Buffer.alloc(60_000, 1)]);

describe.each(EXPRESS)('files in a directory, on Express %s', (_, express) => {
  it('are for their owner alone, under a random name, and gone when the response is over', async () => {
    const app = await start(express);
    for (const content of [PNG, large]) {
      const body = multipartBody(file(content), file(GIF), { content: '1' });
      const answer = await send(app.url, {
        method: 'POST',
        headers: { ...HOST, 'content-type': MULTIPART_TYPE },
        body,
      });
      expect(answer.status).toBe(200);
      const [first, second] = app.seen.splice(0);
      expect([first?.mode, second?.mode]).toEqual([0o600, 0o600]);
      expect([first?.content.equals(content), second?.content.equals(GIF)]).toEqual([true, true]);
      expect(first?.path).toMatch(/\/[\da-f-]{36}\.png$/);
      expect(first?.path.startsWith(`${directory}/`)).toBe(true);
      await until(() => left().length === 0);
    }
  });

  it('stay where keep() was called', async () => {
    const app = await start(express, { keep: true });
    const headers = { ...HOST, 'content-type': MULTIPART_TYPE };
    await send(app.url, { method: 'POST', headers, body: multipartBody(file(PNG)) });
    expect(left()).toHaveLength(1);
    await send(app.url, { method: 'POST', headers, body: multipartBody(file(GIF)) });
    expect(left()).toHaveLength(2);
    for (const name of left()) rmSync(join(directory, name));
  });

  it('are gone when the request is refused after they were written', async () => {
    const app = await start(express);
    for (const parts of [
      [file(large), file(HTML)],
      [file(large), { name: '__proto__' }],
      [file(large), file(large), file(large)],
      [file(Buffer.concat([large, large]))],
      [file(Buffer.concat([large, Buffer.from('PK\u0005\u0006'), Buffer.alloc(18)]))],
    ]) {
      const body = multipartBody(...parts);
      const answer = await send(app.url, {
        method: 'POST',
        headers: { ...HOST, 'content-type': MULTIPART_TYPE },
        body,
      });
      expect([400, 413, 415]).toContain(answer.status);
      expect(left()).toEqual([]);
    }
    expect([app.seen, app.internal]).toEqual([[], []]);
  });

  it('are gone when the sender goes away, at whatever moment', async () => {
    const app = await start(express);
    const body = multipartBody(file(large), file(GIF), { content: '1' });
    for (const at of [10, 60, 200, 5000, 40_000, 60_200, 60_300, body.length - 40, body.length - 1]) {
      const received = new Promise<void>((resolve) => app.server.once('request', () => resolve()));
      const { socket } = connect(app.port);
      socket.write(head(`Content-Length: ${body.length}`));
      socket.write(body.subarray(0, at));
      await received;
      if (at > 10_000) await until(() => left().length > 0);
      socket.destroy();
      await until(() => left().length === 0);
    }
    expect([app.seen, app.internal]).toEqual([[], []]);
  });

  it('are gone when the sender goes away with everything sent, whether it was read or not', async () => {
    const app = await start(express);
    const body = multipartBody(file(large), file(large), { content: '1' });
    for (let i = 0; i < 20; i++) {
      const closed = new Promise<void>((resolve) =>
        app.server.once('request', (req) => req.on('close', () => resolve())),
      );
      const { socket } = connect(app.port);
      socket.write(head(`Content-Length: ${body.length}`));
      socket.write(body, () => socket.destroy());
      await closed;
      await until(() => left().length === 0);
    }
    expect(app.internal.filter((error) => !/ENOENT/.test(String(error)))).toEqual([]);
  });

  it('are gone when the client goes away before it is answered', async () => {
    let release = (): void => undefined;
    const hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    const app = await start(express, { hold });
    const { socket } = connect(app.port);
    const body = multipartBody(file(PNG));
    socket.write(head(`Content-Length: ${body.length}`));
    socket.write(body);
    await until(() => app.seen.length > 0);
    expect(left()).toHaveLength(1);
    socket.destroy();
    await until(() => left().length === 0);
    release();
  });

  it('a body that never ends is cut off at its limit, announced or not', async () => {
    const app = await start(express);
    expect(statusOf(await say(app.port, head('Content-Length: 1000000')))).toBe(413);
    const part = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`;
    const { socket, closed } = connect(app.port);
    socket.write(`${head('Transfer-Encoding: chunked')}${part.length.toString(16)}\r\n${part}\r\n`);
    const chunk = `1000\r\n${'a'.repeat(0x1000)}\r\n`;
    const pump = (): void => {
      while (socket.writable && socket.write(chunk));
    };
    socket.on('drain', pump);
    pump();
    expect([413, 415]).toContain(statusOf(await closed));
    // What comes after the last delimiter is no part of the form, and is not read for ever either.
    const after = connect(app.port);
    const whole = multipartBody({ content: '1' }).toString('latin1');
    after.socket.write(`${head('Transfer-Encoding: chunked')}${whole.length.toString(16)}\r\n${whole}\r\n`);
    const more = (): void => {
      while (after.socket.writable && after.socket.write(chunk));
    };
    after.socket.on('drain', more);
    more();
    expect([400, 413]).toContain(statusOf(await after.closed));
  });
});

describe('whatever is sent', () => {
  const [, [, express]] = EXPRESS;

  it('is answered, by the handler or with a refusal; nothing is thrown, and no file is left (property)', async () => {
    const app = await start(express);
    const pieces = fc.constantFrom(
      `--${BOUNDARY}`,
      `--${BOUNDARY}--`,
      '\r\n',
      '\r\n\r\n',
      '\n',
      '--',
      '-',
      '\r',
      'Content-Disposition: form-data',

      '; name="a"',
      '; name="file"',
      '; filename="x.png"',
      '; name=',
      '"',
      ':',
      'Content-Type: image/png',
      ' ',
      '\0',

      'Content-Disposition: form-data; name="a"\r\n\r\n',
      '__proto__',
      'x',
      'x'.repeat(2000),
      '\r\n--x-7f3',
      'multipart/mixed',

      'Content-Disposition: form-data; name="file"; filename="x.png"\r\n\r\n',
      PNG.toString('latin1'),
      GIF.toString('latin1'),
    );
    const whole = multipartBody(file(PNG), { content: '1' }, file(GIF), { name: 'b' }).toString('latin1');
    const bodies = fc.oneof(
      fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
      fc.array(pieces, { maxLength: 12 }).map((parts) => `--${BOUNDARY}\r\n${parts.join('')}\r\n--${BOUNDARY}--\r\n`),
      // A whole body with something cut out, or put in.
      fc
        .tuple(fc.nat(whole.length), fc.nat(20), fc.oneof(fc.constant(''), pieces))
        .map(([at, length, piece]) => whole.slice(0, at) + piece + whole.slice(at + length)),
    );
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(bodies, fc.array(fc.nat(400), { maxLength: 6 }), async (body, cuts) => {
        const { socket, closed } = connect(app.port);
        socket.setNoDelay(true);
        socket.write(head(`Content-Length: ${body.length}`));
        // In pieces, so that every rule meets a border between two.
        let from = 0;
        for (const cut of cuts) {
          socket.write(body.slice(from, from + cut), 'latin1');
          from += cut;
          await new Promise(setImmediate);
        }
        socket.write(body.slice(from), 'latin1');
        const status = statusOf(await closed);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        expect([200, 400, 413, 415]).toContain(status);
      }),
      { numRuns: 1500 },
    );
    expect(app.internal).toEqual([]);
    await until(() => left().length === 0);
    for (const status of [200, 400, 415]) expect(statuses.get(status)).toBeGreaterThan(10);
  }, 120_000);

  it('one byte at a time, it is read as in one piece', async () => {
    const app = await start(express);
    const body = multipartBody(file(GIF), { content: 'é' });
    const { socket, closed } = connect(app.port);
    socket.setNoDelay(true);
    socket.write(head(`Content-Length: ${body.length}`));
    for (const byte of body) {
      socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    expect(statusOf(await closed)).toBe(200);
    expect(app.seen[0]?.content.equals(GIF)).toBe(true);
    await until(() => left().length === 0);
  });

  it('a request that has arrived whole and is gone before it was read to its end is an aborted one', async () => {
    const { Dicer } = await import('@fastify/busboy');
    const req = Object.assign(new Readable({ read: () => undefined }), { complete: true });
    const reading = readMultipart(req as unknown as IncomingMessage, BOUNDARY, resolveMultipart(OPTIONS), {
      Dicer,
      detect: (sample) => fileTypeFromBuffer(sample),
    });
    const refused = reading.catch((error: unknown) => error);
    req.push(multipartBody(file(large)).subarray(0, 50_000));
    await until(() => left().length === 1);
    req.destroy();
    expect(await refused).toMatchObject({ code: 'ERR_BODY_ABORTED' });
    expect(left()).toEqual([]);
  });

  it('a file that is there already is not written over', async () => {
    const { fileSink } = await import('./uploaded-file.ts');
    writeFileSync(join(directory, 'there.png'), 'somebody else’s');
    await expect(fileSink(directory, 'there.png')).rejects.toThrow(/EEXIST/);
    expect(readFileSync(join(directory, 'there.png'), 'utf8')).toBe('somebody else’s');
    rmSync(join(directory, 'there.png'));
  });
});
