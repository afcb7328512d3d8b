import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import http from 'node:http';
import net from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { type Act, appOf, serveAsTls } from '../../../test/support/browser.ts';
import { EXPRESS } from '../../../test/support/http.ts';
import { remoteStore } from '../../../test/support/remote-store.ts';
import { own } from '../../../test/support/session-app.ts';
import type { Next } from '../../context.ts';
import { sessions } from './index.ts';

let close: (() => Promise<void>) | undefined;
afterEach(async () => close?.());

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** As compression does: takes `write` and `end` over, and writes later what it was given. */
function delaying(_req: IncomingMessage, res: ServerResponse, next: Next): void {
  const chunks: Buffer[] = [];
  const end = res.end.bind(res);
  const keep = (chunk: unknown): void => {
    if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) chunks.push(Buffer.from(chunk as string));
  };
  Object.assign(res, {
    write: (chunk: unknown) => {
      keep(chunk);
      return true;
    },
    end: (chunk: unknown) => {
      keep(chunk);
      setImmediate(() => end(Buffer.concat(chunks)));
      return res;
    },
  });
  next();
}

function fetchBytes(url: string, method = 'GET') {
  return new Promise<{ body: Buffer; trailers: NodeJS.Dict<string>; cookie: string; length: string | undefined }>(
    (resolve, reject) => {
      http
        .request(url, { method, agent: false }, (res) => {
          const chunks: Buffer[] = [];
          res.on('data', (chunk: Buffer) => chunks.push(chunk));
          res.on('end', () => {
            resolve({
              body: Buffer.concat(chunks),
              trailers: res.trailers,
              cookie: String(res.headers['set-cookie']),
              length: res.headers['content-length'],
            });
          });
          res.on('error', reject);
        })
        .on('error', reject)
        .end();
    },
  );
}

describe.each(EXPRESS)('the bytes of a response that was held, on Express %s', (_version, express) => {
  const put = (req: IncomingMessage): void => {
    own(req).n = Number(own(req).n ?? 0) + 1;
  };

  async function start(acts: Readonly<Record<string, Act>>, around?: 'before' | 'after') {
    const store = remoteStore();
    const practice = sessions({ store });
    const both = (req: IncomingMessage, res: ServerResponse, next: Next): void => {
      if (around === 'before') delaying(req, res, () => practice(req, res, next));
      else practice(req, res, () => delaying(req, res, next));
    };
    const served = await serveAsTls(appOf(express, around === undefined ? practice : both, acts));
    close = served.close;
    return { url: served.url, store };
  }

  it.each([undefined, 'before', 'after'] as const)(
    'five megabytes arrive whole and in order (wrapped: %s)',
    async (around) => {
      const bytes = randomBytes(5 * 1024 * 1024);
      const { url } = await start(
        {
          '/': (req, res) => {
            put(req);
            const parts = Array.from({ length: 320 }, (_, i) => bytes.subarray(i * 16_384, (i + 1) * 16_384));
            Readable.from(parts).pipe(res);
          },
        },
        around,
      );
      const { body, cookie } = await fetchBytes(`${url}/`);
      expect([body.length, digest(body)]).toEqual([bytes.length, digest(bytes)]);
      expect(cookie).toMatch(/^__Host-session=[^;]{64};/);
    },
  );

  it('trailers come, HEAD has no body, and 100-continue is answered before', async () => {
    const { url } = await start({
      '/': (req, res) => {
        put(req);
        res.setHeader('Trailer', 'x-sum');
        res.write('body');
        res.addTrailers({ 'x-sum': '7' });
        res.end();
      },
      '/head': (req, res) => {
        put(req);
        res.setHeader('Content-Length', 4);
        res.end('body');
      },
    });
    expect(await fetchBytes(`${url}/`)).toMatchObject({ trailers: { 'x-sum': '7' }, body: Buffer.from('body') });
    expect(await fetchBytes(`${url}/head`, 'HEAD')).toMatchObject({
      length: '4',
      body: Buffer.alloc(0),
      cookie: expect.stringContaining('__Host-session='),
    });
    const said = await new Promise<string>((resolve) => {
      const req = http.request(`${url}/`, { method: 'POST', agent: false, headers: { expect: '100-continue' } });
      req.on('continue', () => req.end('x'));
      req.on('response', (res) => resolve(`${res.resume().statusCode}`));
    });
    expect(said).toBe('200');
  });

  it('two requests on one socket, sent together, are answered in turn, each with its own', async () => {
    const { url, store } = await start({
      '/a': (req, res) => [put(req), res.end('first')],
      '/b': (_req, res) => res.end('second'),
    });
    const { port } = new URL(url);
    const text = await new Promise<string>((resolve) => {
      let all = '';
      const socket = net.connect(Number(port), '127.0.0.1', () => {
        socket.write('GET /a HTTP/1.1\r\nHost: shop.example\r\n\r\n');
        socket.write('GET /b HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n');
      });
      socket.on('data', (chunk) => {
        all += chunk.toString('latin1');
      });
      socket.on('close', () => resolve(all));
    });
    expect(text.indexOf('first')).toBeGreaterThan(0);
    expect(text.indexOf('second')).toBeGreaterThan(text.indexOf('first'));
    expect(text.match(/Set-Cookie: __Host-session=/gi)).toHaveLength(1);
    expect(text.indexOf('__Host-session')).toBeLessThan(text.indexOf('first'));
    expect(store).toBeDefined();
  });
});
