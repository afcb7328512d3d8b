import { createRequire } from 'node:module';
import type { RequestHandler } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Express, type Received, type Served, send, serve } from '../../../test/support/http.ts';
import { input } from './index.ts';

// None of the three has types, and none is maintained.
const load = createRequire(import.meta.url);
const hpp = load('hpp') as () => RequestHandler;
const xssClean = load('xss-clean') as () => RequestHandler;
const mongoSanitize = load('express-mongo-sanitize') as () => RequestHandler;

let served: Served | undefined;
afterEach(() => served?.close());

/** An app that shows what its handler saw, behind some middleware. */
async function ask(
  express: Express,
  middleware: RequestHandler,
  sent: Parameters<typeof send>[1] = {},
): Promise<Received> {
  const app = express();
  app.use(middleware);
  app.use((req, res) => {
    const assigned = Object.getOwnPropertyDescriptor(req, 'query');
    res.json({ a: req.query.a, body: req.body ?? null, ownQuery: assigned !== undefined });
  });
  app.use(((error: { status?: number; code?: string; message: string }, _req, res, _next) => {
    res.status(error.status ?? 500).json({ code: error.code, message: error.message });
  }) as import('express').ErrorRequestHandler);
  served = await serve(app);
  return send(served.url, sent);
}

const [[, express4], [, express5]] = EXPRESS;

describe('controls: what the old packages do', () => {
  it.each([
    ['xss-clean', xssClean],
    ['express-mongo-sanitize', mongoSanitize],
  ])('%s answers on Express 4, and turns every request into a 500 on Express 5', async (_name, middleware) => {
    expect((await ask(express4, middleware())).status).toBe(200);
    await served?.close();
    const answer = await ask(express5, middleware());
    expect(answer.status).toBe(500);
    expect(answer.json().message).toMatch(/Cannot set property query/);
  });

  it('hpp takes the last of two values on Express 4, and does nothing on Express 5, without a word', async () => {
    expect((await ask(express4, hpp(), { target: '/?a=1&a=2' })).json()).toMatchObject({ a: '2' });
    await served?.close();
    const answer = await ask(express5, hpp(), { target: '/?a=1&a=2' });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ a: ['1', '2'] });
  });
});

describe.each(EXPRESS)('input, with the same requests on Express %s', (version, express) => {
  const middleware = (): RequestHandler => input() as RequestHandler;

  it('answers, and leaves the query as Express has it', async () => {
    const answer = await ask(express, middleware(), { target: '/?a=1&a=2' });
    expect(answer.status).toBe(200);
    // Express 4 puts the query on each request itself; on 5 an own property would be an assignment of ours.
    expect(answer.json()).toEqual({ a: ['1', '2'], body: {}, ownQuery: version === '4' });
  });

  it('never makes a 500 of a strange query', async () => {
    for (const [target, status] of [
      ['/?a[$ne]=1', 400],
      ['/?__proto__[x]=1', 400],
      ['/?constructor[prototype][x]=1', 400],
      ['/?a=%', 400],
      ['/?%00', 400],
      ['/?&&=', 200],
    ] as const) {
      expect([target, (await ask(express, middleware(), { target })).status]).toEqual([target, status]);
      await served?.close();
    }
    served = undefined;
  });

  it('leaves operators of a JSON body and markup as they are: both are for the validator and the view', async () => {
    const body = '{"$where":"1","name":"<b>"}';
    const headers = { 'Content-Type': 'application/json' };
    const answer = await ask(express, middleware(), { method: 'POST', headers, body });
    expect(answer.json()).toMatchObject({ body: { $where: '1', name: '<b>' } });
  });
});
