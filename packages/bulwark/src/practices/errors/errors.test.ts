import http from 'node:http';
import { gzipSync } from 'node:zlib';
import express5 from 'express';
import createError from 'http-errors';
import { describe, expect, it, vi } from 'vitest';
import { EXPRESS, type Sent, send } from '../../../test/support/http.ts';
import { contextOf, type Services } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import { failing, HTML, QUIET, type Route, serveAny, serveApp } from './fixtures/serving.ts';
import { errors, notFound } from './index.ts';

describe.each(EXPRESS)('on Express %s', (_, express) => {
  it('answers 404 for what nothing serves', async () => {
    const url = await serveApp(express, () => undefined);
    const answer = await send(`${url}/none`);
    expect(answer.status).toBe(404);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(answer.json()).toEqual({
      type: 'urn:bulwark:error:ERR_NOT_FOUND',
      title: 'Not found',
      status: 404,
      detail: 'nothing is served at this address',
      code: 'ERR_NOT_FOUND',
    });
  });

  const parsed: Route = (app) => {
    app.use(express.json({ limit: 100 }), express.urlencoded({ extended: true, parameterLimit: 2 }));
    app.post('/', (_req, res) => void res.send('read'));
    app.get('/notes/:id', (_req, res) => void res.send('note'));
  };
  const json = { 'content-type': 'application/json' };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const malformed: readonly [string, number, string, Sent][] = [
    ['malformed JSON', 400, 'ERR_BODY_MALFORMED', { headers: json, body: '{"password":"hunter2"' }],
    ['a JSON text', 400, 'ERR_BODY_MALFORMED', { headers: json, body: '"hunter2"' }],
    ['a long body', 413, 'ERR_BODY_TOO_LARGE', { headers: json, body: JSON.stringify('hunter2'.repeat(50)) }],
    ['many fields', 413, 'ERR_BODY_TOO_MANY_FIELDS', { headers: form, body: 'hunter2=1&b=1&c=1' }],
    [
      'a charset',
      415,
      'ERR_BODY_TYPE',
      { headers: { 'content-type': 'application/json; charset=hunter2' }, body: '{}' },
    ],
    ['an encoding', 415, 'ERR_BODY_ENCODING', { headers: { ...json, 'content-encoding': 'hunter2' }, body: '{}' }],
    ['no gzip', 400, 'ERR_BODY_MALFORMED', { headers: { ...json, 'content-encoding': 'gzip' }, body: 'hunter2' }],
    [
      'cut gzip',
      400,
      'ERR_BODY_MALFORMED',
      { headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync('{"a":"hunter2"}').subarray(0, 20) },
    ],
  ];
  it.each(malformed)('answers %s with %i %s, and never quotes it', async (_, status, code, sent) => {
    const url = await serveApp(express, parsed);
    const answer = await send(url, { method: 'POST', ...sent });
    expect(answer.status).toBe(status);
    expect(answer.json()).toEqual({
      type: `urn:bulwark:error:${code}`,
      title: expect.any(String),
      status,
      code,
    });
    expect(answer.body).not.toContain('hunter2');
  });

  it('answers a path that cannot be decoded with 400', async () => {
    const url = await serveApp(express, parsed);
    const answer = await send(url, { target: '/notes/%E0%A4%A' });
    expect(answer.json()).toMatchObject({ status: 400, code: 'ERR_URL_INVALID' });
    expect(answer.body).not.toContain('%E0');
  });

  it('sends the headers, the reason and the extensions of a refusal', async () => {
    const url = await serveApp(express, (app) => {
      app.get('/', (_req, _res, next) => {
        next(
          new Refusal('ERR_RATE_LIMIT', {
            reason: 'limit "login" is used up',
            headers: { 'Retry-After': '30' },
            extensions: { limit: 5, status: 200, code: 'x', __proto__: { polluted: true } },
            cause: new Error('private'),
          }),
        );
      });
    });
    const answer = await send(url);
    expect(answer.headers['retry-after']).toBe('30');
    expect(answer.json()).toEqual({
      type: 'urn:bulwark:error:ERR_RATE_LIMIT',
      title: 'Too many requests',
      status: 429,
      detail: 'limit "login" is used up',
      code: 'ERR_RATE_LIMIT',
      limit: 5,
    });
  });

  it('shows the message of an error that was made to be shown', async () => {
    const route: Route = (app) => {
      app.get('/', () => {
        throw createError(404, 'No such note', { headers: { Link: '</notes>; rel=up' } });
      });
    };
    const answer = await send(await serveApp(express, route));
    expect(answer.headers.link).toBe('</notes>; rel=up');
    expect(answer.json()).toEqual({ type: 'about:blank', title: 'Not Found', status: 404, detail: 'No such note' });
    const mute = await send(await serveApp(express, route, { ...QUIET, exposeMessages: false }));
    expect(mute.json()).toEqual({ type: 'about:blank', title: 'Not Found', status: 404 });
  });

  it('shows a page to browsers, with everything escaped and the one style under a nonce', async () => {
    const url = await serveApp(express, (app) => {
      app.get('/', () => {
        throw createError(404, '<script>alert(1)</script> & "x"');
      });
    });
    const first = await send(url, { headers: HTML });
    expect(first.status).toBe(404);
    expect(first.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(first.body).toContain('<h1>Not Found</h1>');
    expect(first.body).toContain('&#60;script&#62;alert(1)&#60;/script&#62; &#38; &#34;x&#34;');
    expect(first.body).not.toMatch(/<script|\son\w+=|javascript:/i);
    const nonce = /<style nonce="([\w-]{22})">/.exec(first.body)?.[1];
    expect(first.headers['content-security-policy']).toContain(`style-src 'nonce-${nonce}'`);
    expect((await send(url, { headers: HTML })).body).not.toContain(`${nonce}`);
  });

  it.each([
    ['*/*', 'json'],
    ['application/json, text/html', 'json'],
    ['text/html;q=0.5, */*', 'json'],
    ['text/html;q=0', 'json'],
    ['text/*', 'json'],
    ['image/png', 'json'],
    ['text/html;;;q=x,,', 'json'],
    ['text/html, application/json;q=0.9', 'html'],
    ['TEXT/HTML', 'html'],
    [',,,;=;', 'json'],
  ])('for Accept: %s answers with %s', async (accept, kind) => {
    const url = await serveApp(express, () => undefined);
    const { headers } = await send(url, { headers: { accept } });
    expect(headers['content-type']).toContain(kind);
  });

  it('answers HEAD without a body', async () => {
    const url = await serveApp(express, () => undefined);
    const answer = await send(url, { method: 'HEAD' });
    expect(answer.status).toBe(404);
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(50);
    expect(answer.body).toBe('');
  });

  it('takes back what the failed handler had said of its body, and leaves cookies', async () => {
    const url = await serveApp(express, (app) => {
      app.get('/', (_req, res) => {
        res.set({
          'Content-Type': 'text/csv',
          'Content-Length': '3',
          'Content-Encoding': 'gzip',
          'Content-Disposition': 'attachment; filename=users.csv',
          'Cache-Control': 'public, max-age=3600',
          'Last-Modified': 'Tue, 01 Jan 2030 00:00:00 GMT',
          ETag: '"x"',
          Location: '/elsewhere',
          'Set-Cookie': 'a=1',
          'X-Kept': 'yes',
        });
        res.statusMessage = 'All good';
        throw new Error('export failed');
      });
    });
    const { headers, status, json } = await send(url);
    expect(status).toBe(500);
    expect(json()).toMatchObject({ code: 'ERR_INTERNAL' });
    for (const name of ['content-encoding', 'content-disposition', 'last-modified', 'etag', 'location']) {
      expect(headers).not.toHaveProperty(name);
    }
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'set-cookie': ['a=1'], 'x-kept': 'yes' });
  });

  it('cuts a response off that has begun', async () => {
    const url = await serveApp(express, (app) => {
      app.get('/', (_req, res, next) => {
        res.write('half of the report');
        setImmediate(() => next(new Error('the other half')));
      });
      app.get('/sized', (_req, res, next) => {
        res.set('Content-Length', '100').write('half');
        setImmediate(() => next(new Error('the other half')));
      });
    });
    await expect(send(url)).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    await expect(send(`${url}/sized`)).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  });

  it("control: Express's handler alone ends such a response too, but one's own handler that ends it makes it look whole", async () => {
    const app = express();
    app.get('/', (_req, res, next) => {
      res.write('half of the report');
      setImmediate(() => next(new Error('the other half')));
    });
    const own: import('express').ErrorRequestHandler = (_error, _req, res, _next) => void res.end();
    app.use(own);
    expect(await send(await serveAny(app))).toMatchObject({ status: 200, body: 'half of the report' });
  });

  it('leaves a response alone that was answered already', async () => {
    const url = await serveApp(express, (app) => {
      app.get('/', (_req, res, next) => {
        res.send('whole');
        next(new Error('too late'));
      });
    });
    expect(await send(url)).toMatchObject({ status: 200, body: 'whole' });
  });
});

describe('a client that is gone', () => {
  it('is written nothing, and its lost connection is no failure of the server', async () => {
    const emit = vi.fn<Services['emit']>();
    const handler = errors(QUIET, { emit, mode: 'production' });
    const done = Promise.withResolvers<boolean>();
    const url = await serveAny((req: http.IncomingMessage, res: http.ServerResponse) => {
      res.once('close', () => {
        handler(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), req, res, () => undefined);
        done.resolve(res.headersSent);
      });
    });
    const request = http.get(url, { agent: false });
    request.on('error', () => undefined);
    setTimeout(() => request.destroy(), 50);
    expect(await done.promise).toBe(false);
    expect(emit).not.toHaveBeenCalled();
  });
});

describe('the handler', () => {
  it('has four parameters and a name, as Express demands and stacks show', () => {
    expect(errors()).toHaveLength(4);
    expect(errors().name).toBe('errors');
  });

  it('carries the id that logging, or another logger, gave', async () => {
    const handler = errors(QUIET);
    const url = await serveAny((req: http.IncomingMessage & { id?: unknown }, res: http.ServerResponse) => {
      if (req.url === '/own') contextOf(req).requestId = 'own-request-id';
      if (req.url === '/other') req.id = 'other-request-id';
      if (req.url === '/bad') req.id = 'bad id\r\n"<b>';
      handler(createError(404), req, res, () => undefined);
    });
    expect((await send(`${url}/own`)).json()).toMatchObject({ requestId: 'own-request-id' });
    expect((await send(`${url}/other`)).json()).toMatchObject({ requestId: 'other-request-id' });
    expect((await send(`${url}/bad`)).json()).not.toHaveProperty('requestId');
  });

  it('drops extensions that JSON cannot hold', async () => {
    const refusal = new Refusal('ERR_VALIDATION', { reason: 'x', extensions: { big: 1n } });
    expect((await send(await failing(refusal))).json()).toMatchObject({ status: 400, code: 'ERR_VALIDATION' });
  });

  it('answers where setHeader is broken by another middleware', async () => {
    const handler = errors(QUIET);
    const url = await serveAny((req: http.IncomingMessage, res: http.ServerResponse) => {
      const setHeader = res.setHeader.bind(res);
      res.setHeader = (name, value) => {
        if (name === 'Cache-Control') throw new Error('broken');
        return setHeader(name, value);
      };
      handler(new Error('x'), req, res, () => undefined);
    });
    expect((await send(url)).json()).toMatchObject({ code: 'ERR_INTERNAL', status: 500 });
  });

  it('closes the connection where nothing can be written at all', async () => {
    const handler = errors(QUIET);
    const url = await serveAny((req: http.IncomingMessage, res: http.ServerResponse) => {
      res.end = () => {
        throw new Error('broken');
      };
      handler(new Error('x'), req, res, () => undefined);
    });
    await expect(send(url)).rejects.toThrow();
  });

  it('keeps a policy that stands already', async () => {
    const app = express5();
    app.use((_req, res, next) => {
      res.set('Content-Security-Policy', "default-src 'self'");
      next();
    });
    app.use(notFound, errors(QUIET));
    const { headers } = await send(await serveAny(app), { headers: HTML });
    expect(headers['content-security-policy']).toBe("default-src 'self'");
  });
});
