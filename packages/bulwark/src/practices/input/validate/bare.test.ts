import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { one } from '../../../../test/support/ask.ts';
import type { Handler } from '../../../context.ts';
import type { Refusal } from '../../../errors.ts';
import { input, validate } from '../index.ts';

const note = validate({ body: z.object({ title: z.string(), tags: z.array(z.string()).default([]) }) });
const post = (body: unknown): object => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

describe('validate() on bare node:http', () => {
  const search = validate({ query: z.object({ q: z.string(), tag: z.array(z.string()).optional() }) });
  const serveBare = (handler: Handler, answer: (req: IncomingMessage) => unknown) => {
    const parse = input();
    return (req: IncomingMessage, res: ServerResponse): void => {
      const fail = (error: unknown): void =>
        void res.writeHead((error as Refusal).status ?? 500).end(String((error as Refusal).code));
      parse(req, res, (error) => {
        if (error !== undefined) return fail(error);
        handler(req, res, (refused) =>
          refused === undefined ? void res.end(JSON.stringify(answer(req))) : fail(refused),
        );
      });
    };
  };

  it('reads the query itself, and the body that a parser has left', async () => {
    const listener = serveBare(search, (req) => search.of(req).query);
    expect((await one(listener, { target: '/?q=a%20b&tag=1&tag=2' })).json()).toEqual({ q: 'a b', tag: ['1', '2'] });
    expect((await one(listener, { target: '/?q=a&q=b' })).body).toBe('ERR_VALIDATION');
    expect((await one(listener, { target: '/?q=a&evil=b' })).body).toBe('ERR_VALIDATION');
    const bare = serveBare(note, (req) => (req as Request).valid);
    expect((await one(bare, post({ title: 'a' }))).json()).toEqual({ body: { title: 'a', tags: [] } });
    expect((await one(bare, post({ title: 'a', role: 1 }))).body).toBe('ERR_VALIDATION');
  });

  it('a response schema has nothing to hold on to there, and says so', async () => {
    const listener = serveBare(validate({ response: z.object({}) }), () => 'ran');
    expect((await one(listener, {})).status).toBe(500);
  });
});
