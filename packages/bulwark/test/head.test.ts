import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { headerLines, headersIn, plainHead, TextHead } from '../src/head.ts';
import { secure } from '../src/index.ts';
import { ask, one, QUIET } from './support/ask.ts';
import { EXPRESS_ALL, send, serve } from './support/http.ts';

const HOSTILE = ['a\r\nSet-Cookie: admin=1', 'a\nb', 'a\r', 'a\0', 'ü\u0130'];

/** Serves what a head makes of a header's value, and gives the names of the headers that arrive. */
async function arriving(write: (res: ServerResponse) => void): Promise<string[]> {
  const served = await serve((_req: unknown, res: ServerResponse) => {
    try {
      write(res);
    } catch {
      res.statusCode = 500;
    }
    res.end();
  });
  try {
    return Object.keys((await send(served.url, { target: '/' })).headers);
  } finally {
    await served.close();
  }
}

/** Puts text behind the status line, as the response gate does. */
function join(res: ServerResponse, text: string): void {
  const raw = res as unknown as { _storeHeader(line: string, headers: unknown): void };
  const store = raw._storeHeader;
  raw._storeHeader = function joined(line, headers) {
    store.call(this, line + text, headers);
  };
}

describe('header lines', () => {
  it.each(HOSTILE)('hold no value that would be another header: %j', async (value) => {
    expect(() => headerLines([['X-A', value]])).toThrow(TypeError);
    let refusal: unknown;
    const arrived = await arriving((res) => {
      const head = new TextHead(res);
      try {
        head.set('X-A', value);
      } catch (error) {
        refusal = error;
      }
      join(res, head.text);
    });
    expect(refusal).toBeInstanceOf(TypeError);
    expect(arrived).not.toContain('set-cookie');
    expect(arrived).not.toContain('x-a');
  });

  it('would let one in if they were joined unchecked', async () => {
    const arrived = await arriving((res) => join(res, `X-A: ${HOSTILE[0]}\r\n`));
    expect(arrived).toContain('set-cookie');
  });

  it('are refused under a name that is none', () => {
    expect(() => headerLines([['X A', 'b']])).toThrow(TypeError);
  });

  it('are found again by their names', () => {
    const { text } = headerLines([
      ['X-A', 'b: c'],
      ['Vary', 'Origin'],
    ]);
    expect([...headersIn(text)]).toEqual([
      ['x-a', 'b: c'],
      ['vary', 'Origin'],
    ]);
  });

  it('are set one by one where there is no text', async () => {
    const lines = headerLines([['X-A', 'b']]);
    expect(await arriving((res) => plainHead(res).add(lines))).toContain('x-a');
  });
});

describe.each(EXPRESS_ALL)('the head of a response on Express %s', (_version, express) => {
  it('has each header once, whoever set it before, in whatever spelling', async () => {
    const app = express();
    secure(app, QUIET);
    app.get('/', (_req, res) => {
      res.setHeader('content-security-policy', 'default-src *');
      res.setHeader('X-REQUEST-ID', 'mine');
      res.setHeader('x-content-type-options', 'sniff');
      res.writeHead(200, { RateLimit: '"none";r=9', 'Referrer-Policy': 'unsafe-url', VARY: 'Accept' });
      res.end('a');
    });
    const { rawHeaders, headers } = await one(app, { target: '/' });
    const names = rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['x-request-id']).not.toBe('mine');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers.ratelimit).not.toContain('none');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers.vary).toBe('Accept, Origin');
  });

  it('can be read once it is sent, and not before', async () => {
    const app = express();
    secure(app, QUIET);
    const read: unknown[] = [];
    app.get('/', (_req, res) => {
      read.push(res.getHeader('X-Request-Id'), res.hasHeader('x-frame-options'));
      res.on('finish', () => {
        read.push(res.getHeader('X-Request-Id'), res.hasHeader('X-Frame-Options'), res.get('Content-Type'));
        read.push(res.getHeaderNames().includes('x-frame-options'), res.getHeaders()['x-frame-options']);
      });
      res.send('a');
    });
    const { headers } = await one(app, { target: '/' });
    const id = headers['x-request-id'];
    expect(read).toEqual([undefined, false, id, true, 'text/html; charset=utf-8', true, 'deny']);
  });

  it('has nothing to be read where it could not be written', async () => {
    const app = express();
    secure(app, QUIET);
    const read: unknown[] = [];
    app.get('/', (_req, res) => {
      expect(() => res.writeHead(9999)).toThrow(RangeError);
      read.push(res.headersSent, res.getHeader('X-Request-Id'), res.hasHeader('x-frame-options'));
      res.writeHead(200).end();
    });
    const { status, headers } = await one(app, { target: '/' });
    expect(read).toEqual([false, undefined, false]);
    expect([status, headers['x-frame-options']]).toEqual([200, 'deny']);
  });

  it('is the same from a server of gate.listen() as from one of the app’s own', async () => {
    const app = express();
    const gate = secure(app, { ...QUIET, proxy: { cidrs: ['127.0.0.1'] } });
    app.get('/', (req, res) => {
      res.json({ ip: req.ip, own: [req.constructor.name, res.constructor.name], same: req.res === res });
    });
    const [other] = await ask(app, { target: '/' });
    const { server, close } = await gate.listen({ port: 0, host: '127.0.0.1' });
    const { port } = server.address() as { port: number };
    try {
      const ours = await send(`http://127.0.0.1:${port}`, { target: '/', headers: { host: 'shop.example' } });
      expect([ours.status, ours.body]).toEqual([other?.status, other?.body]);
      expect(Object.keys(ours.headers).toSorted()).toEqual(Object.keys(other?.headers ?? {}).toSorted());
    } finally {
      await close();
    }
  });
});
