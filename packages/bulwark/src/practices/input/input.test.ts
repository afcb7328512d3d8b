import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { ErrorRequestHandler } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import {
  EXPRESS,
  type Express,
  type Listener,
  type Received,
  type Sent,
  type Served,
  send,
  serve,
} from '../../../test/support/http.ts';
import { ConfigError, Refusal } from '../../errors.ts';
import { say, statusOf } from '../limits/fixtures/raw-socket.ts';
import { type InputOptions, input } from './index.ts';

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

const open: Served[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

async function start(app: unknown): Promise<Served> {
  const served = await serve(app);
  open.push(served);
  return served;
}

interface App {
  readonly served: Served;
  /** What reached the error handler. */
  readonly errors: unknown[];
  post(type: string | undefined, body: string | Buffer, headers?: Sent['headers']): Promise<Received>;
}

/** An app behind the practice; its handler shows what it got, its error handler keeps what it got. */
async function guarded(
  express: Express,
  options: InputOptions = {},
  rest: (app: ReturnType<Express>) => void = () => {},
): Promise<App> {
  const app = express();
  app.use(input(options));
  rest(app);
  app.all('/', (req, res) => {
    res.json({ body: req.body, ended: req.readableEnded });
  });
  const errors: unknown[] = [];
  app.use(((error: Refusal, _req, res, _next) => {
    errors.push(error);
    res.status(error.status ?? 500).json({ code: error.code ?? null, reason: error.reason ?? error.message });
  }) as ErrorRequestHandler);
  const served = await start(app);
  const post: App['post'] = (type, body, headers = {}) =>
    send(served.url, {
      method: 'POST',
      body,
      headers: { ...(type === undefined ? {} : { 'Content-Type': type }), ...headers },
    });
  return { served, errors, post };
}

describe.each(EXPRESS)('input: req.body on Express %s', (_, express) => {
  it('is what was sent as JSON or as a form', async () => {
    const { post } = await guarded(express);
    expect((await post(JSON_TYPE, '{"a":[1,{"b":null}]}')).json()).toEqual({
      body: { a: [1, { b: null }] },
      ended: true,
    });
    expect((await post('Application/JSON; charset="UTF-8"', ' [1,2] ')).json()).toEqual({ body: [1, 2], ended: true });
    expect((await post(FORM_TYPE, 'a=1&b=x+y&b=%C3%A9&c[d]=2')).json()).toEqual({
      body: { a: '1', b: ['x y', 'é'], 'c[d]': '2' },
      ended: true,
    });
    expect((await post(JSON_TYPE, '')).json()).toMatchObject({ body: {} });
    expect((await post(JSON_TYPE, '{"e":"é"}', { 'Transfer-Encoding': 'chunked' })).json()).toMatchObject({
      body: { e: 'é' },
    });
  });

  it('is {} without a body, and where the type is another one the body stays unread', async () => {
    const { served, post } = await guarded(express);
    expect((await send(served.url)).json()).toMatchObject({ body: {} });
    for (const type of [
      undefined,
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/problem+json',
      'text/json',
    ]) {
      expect((await post(type, '{"a":1}')).json()).toEqual({ body: {}, ended: false });
    }
  });

  it('control: without a parser a handler written for Express 4 gets undefined', async () => {
    const app = express();
    app.post('/', (req, res) => {
      res.json({ missing: req.body === undefined });
    });
    const { url } = await start(app);
    expect((await send(url, { method: 'POST' })).json()).toEqual({ missing: true });
  });

  it('leaves the bytes of other types to whoever wants them', async () => {
    const { post } = await guarded(express, {}, (app) => app.use(express.text({ type: 'text/plain' })));
    expect((await post('text/plain', 'as it is')).json()).toEqual({ body: 'as it is', ended: true });
  });

  it('takes further JSON types, and leaves a kind unread that is switched off', async () => {
    const more = await guarded(express, { json: { types: ['application/json', 'application/vnd.api+json'] } });
    expect((await more.post('application/vnd.api+json', '{"a":1}')).json()).toMatchObject({ body: { a: 1 } });
    const less = await guarded(express, { json: false, urlencoded: false });
    expect((await less.post(JSON_TYPE, '{"__proto__":1}')).json()).toEqual({ body: {}, ended: false });
    expect((await less.post(FORM_TYPE, 'a=1')).json()).toEqual({ body: {}, ended: false });
  });

  it('is left alone by the parsers of an old app: nothing is read twice, nothing hangs', async () => {
    const verified: string[] = [];
    const verify = (): void => {
      verified.push('read again');
    };
    const { post } = await guarded(express, {}, (app) => {
      app.use(express.json({ verify, limit: 1 }));
      app.use(express.urlencoded({ extended: true, verify, limit: 1 }));
      app.use(express.text({ type: '*/*', verify, limit: 1 }));
      app.use(express.raw({ type: '*/*', verify, limit: 1 }));
    });
    expect((await post(JSON_TYPE, '{"a":1}')).json()).toMatchObject({ body: { a: 1 } });
    expect((await post(JSON_TYPE, '{"a":1}', { 'Transfer-Encoding': 'chunked' })).json()).toMatchObject({
      body: { a: 1 },
    });
    expect((await post(FORM_TYPE, 'a[b]=1')).json()).toMatchObject({ body: { 'a[b]': '1' } });
    expect(verified).toEqual([]);
  });

  it('is set again by nothing where two of it are mounted', async () => {
    const { post } = await guarded(express, {}, (app) => app.use(input()));
    expect((await post(JSON_TYPE, '{"a":1}')).json()).toMatchObject({ body: { a: 1 } });
  });
});

const REFUSED: readonly (readonly [string, string, string | Buffer, Record<string, string>, number, string])[] = [
  ['half of an object', JSON_TYPE, '{"a":', {}, 400, 'ERR_BODY_MALFORMED'],
  ['a bare string', JSON_TYPE, '"a"', {}, 400, 'ERR_BODY_MALFORMED'],
  ['a bare number', JSON_TYPE, '1', {}, 400, 'ERR_BODY_MALFORMED'],
  ['text after the object', JSON_TYPE, '{} {}', {}, 400, 'ERR_BODY_MALFORMED'],
  ['NaN', JSON_TYPE, '{"a":NaN}', {}, 400, 'ERR_BODY_MALFORMED'],
  ['JSON that is not UTF-8', JSON_TYPE, Buffer.from('{"a":"\xff"}', 'latin1'), {}, 400, 'ERR_BODY_MALFORMED'],
  ['a form that is not UTF-8', FORM_TYPE, Buffer.from('a=\xe9', 'latin1'), {}, 400, 'ERR_BODY_MALFORMED'],
  ['33 levels', JSON_TYPE, `${'['.repeat(33)}${']'.repeat(33)}`, {}, 400, 'ERR_BODY_MALFORMED'],
  ['10,001 keys', JSON_TYPE, `[${Array(10_001).fill('{"":1}').join()}]`, {}, 413, 'ERR_BODY_TOO_MANY_FIELDS'],
  ['1001 fields', FORM_TYPE, Array(1001).fill('a=1').join('&'), {}, 413, 'ERR_BODY_TOO_MANY_FIELDS'],
  ['JSON over 100 kb', JSON_TYPE, `"${'a'.repeat(102_399)}"`, {}, 413, 'ERR_BODY_TOO_LARGE'],
  ['a form over 100 kb', FORM_TYPE, `a=${'a'.repeat(102_399)}`, {}, 413, 'ERR_BODY_TOO_LARGE'],
  ['gzip', JSON_TYPE, gzipSync('{"a":1}'), { 'Content-Encoding': 'gzip' }, 415, 'ERR_BODY_ENCODING'],
  ['an unknown encoding', JSON_TYPE, '{"a":1}', { 'Content-Encoding': 'rot13' }, 415, 'ERR_BODY_ENCODING'],
  ['two encodings', JSON_TYPE, '{"a":1}', { 'Content-Encoding': 'identity, gzip' }, 415, 'ERR_BODY_ENCODING'],
  ['utf-16', `${JSON_TYPE}; charset=utf-16`, '{"a":1}', {}, 415, 'ERR_BODY_TYPE'],
  ['utf-7', `${JSON_TYPE};charset=utf-7`, '{"a":1}', {}, 415, 'ERR_BODY_TYPE'],
  ['a form in latin1', `${FORM_TYPE}; charset=iso-8859-1`, 'a=1', {}, 415, 'ERR_BODY_TYPE'],
  ['two charsets', `${JSON_TYPE}; charset=utf-8; charset=utf-16`, '{"a":1}', {}, 415, 'ERR_BODY_TYPE'],
  ['no charset after the sign', `${JSON_TYPE}; charset=`, '{"a":1}', {}, 415, 'ERR_BODY_TYPE'],
  ['a list of types', `${JSON_TYPE}, text/plain`, '{"a":1}', {}, 415, 'ERR_BODY_TYPE'],
  ['half a type', 'json', '{"a":1}', {}, 415, 'ERR_BODY_TYPE'],
  ['an empty type', '', '{"a":1}', {}, 415, 'ERR_BODY_TYPE'],
];

describe.each(EXPRESS)('input: refused bodies on Express %s', (_, express) => {
  it('with our codes', async () => {
    const { post, errors } = await guarded(express, { json: { limit: '100kb' } });
    for (const [name, type, body, headers, status, code] of REFUSED) {
      const answer = await post(type, body, headers).catch(String);
      // Over the limit, the server closes while the client may still be writing: what counts is what it was refused with.
      if (typeof answer !== 'string') expect([name, answer.status, answer.json().code]).toEqual([name, status, code]);
      expect([name, errors.at(-1)]).toEqual([name, expect.objectContaining({ code, status })]);
      expect(errors.at(-1)).toBeInstanceOf(Refusal);
    }
    expect(errors).toHaveLength(REFUSED.length);
  });

  it('takes what is just within the limits', async () => {
    const { post } = await guarded(express);
    expect((await post(JSON_TYPE, `["${'a'.repeat(102_396)}"]`)).status).toBe(200);
    expect((await post(FORM_TYPE, `a=${'a'.repeat(102_398)}`)).status).toBe(200);
    expect((await post(FORM_TYPE, Array(1000).fill('a=1').join('&'))).status).toBe(200);
    expect((await post(JSON_TYPE, `${'['.repeat(32)}${']'.repeat(32)}`)).status).toBe(200);
    expect((await post(JSON_TYPE, `[${Array(10_000).fill('{"":1}').join()}]`)).status).toBe(200);
    expect((await post(JSON_TYPE, '{"a":1}', { 'Content-Encoding': 'identity' })).status).toBe(200);
  });

  it('two Content-Type headers: node takes the first, a proxy may take the last', async () => {
    const { served } = await guarded(express);
    const message = `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nCONTENT-TYPE: text/plain\r\nContent-Length: 2\r\n\r\n{}`;
    const heard = await say(served.port, message);
    expect(statusOf(heard)).toBe(415);
    expect(heard).toContain('there is more than one Content-Type header');
    const app = express();
    app.use(express.json());
    app.post('/', (_req, res) => {
      res.send('handled');
    });
    expect(statusOf(await say((await start(app)).port, message))).toBe(200);
  });

  it('inflate: compressed bodies are taken, and the limit holds for what comes out', async () => {
    const { post, errors } = await guarded(express, { inflate: true });
    const gzip = { 'Content-Encoding': 'gzip' };
    expect((await post(JSON_TYPE, gzipSync('{"a":1}'), gzip)).json()).toMatchObject({ body: { a: 1 } });
    const bomb = gzipSync(`["${'a'.repeat(20_000_000)}"]`);
    expect(bomb.length).toBeLessThan(100 * 1024);
    expect((await post(JSON_TYPE, bomb, gzip)).json().code).toBe('ERR_BODY_TOO_LARGE');
    expect((await post(JSON_TYPE, 'not gzip', gzip)).json().code).toBe('ERR_BODY_MALFORMED');
    expect((await post(JSON_TYPE, gzipSync('{"__proto__":1}'), gzip)).json().code).toBe('ERR_BODY_MALFORMED');
    expect((await post(JSON_TYPE, '{}', { 'Content-Encoding': 'rot13' })).json().code).toBe('ERR_BODY_ENCODING');
    expect(errors.every((error) => error instanceof Refusal)).toBe(true);
  });

  it('a body that something in front has begun to read is a fault of the app: 500, with the way out', async () => {
    const app = express();
    const errors: Error[] = [];
    app.use((req, _res, next) => {
      req.setEncoding('utf8');
      next();
    });
    app.use(input());
    app.use(((error: Error, _req, res, _next) => {
      errors.push(error);
      res.status(500).end();
    }) as ErrorRequestHandler);
    const { url } = await start(app);
    expect(
      (await send(url, { method: 'POST', headers: { 'Content-Type': JSON_TYPE }, body: '{"a":"s3cret"}' })).status,
    ).toBe(500);
    expect(errors[0]?.message).toMatch(/mount input before it/);
    expect(inspect(errors)).not.toContain('s3cret');
  });
});

describe.each(EXPRESS)('input: what errors hold, on Express %s', (_, express) => {
  const SECRET = 'hunter2-s3cret';
  const login = `{"user":"bob","password":"${SECRET}",}`;
  const everything = (error: unknown): string => inspect(error, { depth: 10, showHidden: true, getters: true });

  it('control: the error of express.json() holds the password', async () => {
    const app = express();
    const errors: unknown[] = [];
    app.use(express.json());
    app.use(((error: unknown, _req, res, _next) => {
      errors.push(error);
      res.status(400).end();
    }) as ErrorRequestHandler);
    const { url } = await start(app);
    await send(url, { method: 'POST', headers: { 'Content-Type': JSON_TYPE }, body: login });
    expect((errors[0] as { body: string }).body).toBe(login);
    expect(everything(errors[0])).toContain(SECRET);
  });

  it('nothing of the body, in message, cause or properties', async () => {
    const { post, errors } = await guarded(express, { inflate: true });
    const bodies: readonly (readonly [string, string | Buffer, Record<string, string>?])[] = [
      [JSON_TYPE, login],
      [JSON_TYPE, SECRET],
      [JSON_TYPE, `"${SECRET}"`],
      [JSON_TYPE, `{"__proto__":"${SECRET}"}`],
      [JSON_TYPE, `{"constructor":{"prototype":"${SECRET}"}}`],
      [JSON_TYPE, Buffer.from(`{"${SECRET}":"\xff"}`, 'latin1')],
      [FORM_TYPE, `__proto__[x]=${SECRET}`],
      [FORM_TYPE, Array(1001).fill(`a=${SECRET}`).join('&')],
      [`${JSON_TYPE}; charset=${SECRET}`, '{}'],
      [JSON_TYPE, SECRET, { 'Content-Encoding': 'gzip' }],
      [JSON_TYPE, SECRET, { 'Content-Encoding': SECRET }],
    ];
    for (const [type, body, headers] of bodies) {
      const answer = await post(type, body, headers);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.body).not.toContain(SECRET);
    }
    expect(errors).toHaveLength(bodies.length);
    for (const error of errors) {
      expect(everything(error)).not.toContain(SECRET);
      expect((error as Error).cause).toBeUndefined();
      expect(error).not.toHaveProperty('body');
    }
  });

  it('says nothing of itself in the answer of Express itself', async () => {
    const app = express();
    app.use(input());
    app.set('env', 'test');
    const { url } = await start(app);
    const answer = await send(url, { method: 'POST', headers: { 'Content-Type': JSON_TYPE }, body: login });
    expect(answer.status).toBe(400);
    expect(answer.body).not.toContain(SECRET);
  });
});

describe('input: on node:http alone', () => {
  it('reads and refuses just the same', async () => {
    const middleware = input();
    const listener: Listener = (req, res) =>
      middleware(req, res, (error) => {
        res.end(JSON.stringify((error as Refusal | undefined)?.code ?? (req as { body?: unknown }).body));
      });
    const { url } = await start(listener);
    const headers = { 'Content-Type': JSON_TYPE };
    expect((await send(url, { method: 'POST', headers, body: '{"a":1}' })).body).toBe('{"a":1}');
    expect((await send(url, { method: 'POST', headers, body: '{' })).body).toBe('"ERR_BODY_MALFORMED"');
    expect((await send(url)).body).toBe('{}');
  });
});

describe('input: options', () => {
  it.each<[string, unknown, string]>([
    ['a size that is none', { json: { limit: 'abc' } }, 'input.json.limit'],
    ['NaN, which limited nothing in CVE-2026-12590', { json: { limit: Number.NaN } }, 'input.json'],
    ['Infinity', { urlencoded: { limit: Number.POSITIVE_INFINITY } }, 'input.urlencoded'],
    ['a negative size', { urlencoded: { limit: -1 } }, 'input.urlencoded.limit'],
    ['no size', { json: { limit: 0 } }, 'input.json.limit'],
    ['null', { json: { limit: null } }, 'input.json'],
    ['a size with a stray unit', { json: { limit: '10 bananas' } }, 'input.json.limit'],
    ['no fields', { urlencoded: { parameterLimit: 0 } }, 'input.urlencoded.parameterLimit'],
    [
      'unlimited fields',
      { urlencoded: { parameterLimit: Number.POSITIVE_INFINITY } },
      'input.urlencoded.parameterLimit',
    ],
    ['extended forms', { urlencoded: { extended: true } }, 'input.urlencoded.extended'],
    ['a wildcard type', { json: { types: ['*/*'] } }, 'input.json.types[0]'],
    ['forms as JSON', { json: { types: [FORM_TYPE] } }, 'input.json.types[0]'],
    ['no depth', { json: { depth: 0 } }, 'input.json.depth'],
    ['true for an object', { json: true }, 'input.json'],
    ['a key that does not exist', { limit: '1mb' }, 'input.limit'],
  ])('refuses %s', (_, options, field) => {
    let error: unknown;
    try {
      input(options as InputOptions);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).field).toContain(field);
  });

  it('changes one field and keeps the others', async () => {
    const { post } = await guarded(EXPRESS[1][1], { json: { depth: 2 }, urlencoded: { parameterLimit: 2 } });
    expect((await post(JSON_TYPE, '[[[]]]')).json().reason).toBe('nested deeper than 2 levels');
    expect((await post(JSON_TYPE, `["${'a'.repeat(102_397)}"]`)).status).toBe(413);
    expect((await post(FORM_TYPE, 'a=1&b=2&c=3')).json().code).toBe('ERR_BODY_TOO_MANY_FIELDS');
  });
});
