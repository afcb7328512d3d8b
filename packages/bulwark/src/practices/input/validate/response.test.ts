import { type } from 'arktype';
import type { ErrorRequestHandler, Response } from 'express';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { one, QUIET } from '../../../../test/support/ask.ts';
import { EXPRESS, type Express } from '../../../../test/support/http.ts';
import { secure } from '../../../secure.ts';
import { errors } from '../../errors/index.ts';
import { memory } from '../../logging/fixtures/memory-log.ts';
import { html, type ValidateSchemas, validate } from '../index.ts';

type App = ReturnType<Express>;
const CANARY = 'canary-5f2c9a';
const USER = { id: 1, name: 'ann', passwordHash: CANARY, address: { city: 'Ulm', geo: CANARY } };
const SHOWN = { id: 1, name: 'ann', address: { city: 'Ulm' } };

function alone(
  express: Express,
  response: NonNullable<ValidateSchemas['response']>,
  send: (res: Response) => unknown,
): App {
  const app = express();
  app.get('/', validate({ response }), (_req, res) => void send(res));
  app.use(errors({ onError: () => undefined }) as ErrorRequestHandler);
  return app;
}

const LIBRARIES = [
  ['zod', z.object({ id: z.number(), name: z.string(), address: z.object({ city: z.string() }) })],
  ['valibot', v.object({ id: v.number(), name: v.string(), address: v.object({ city: v.string() }) })],
  ['arktype', type({ id: 'number', name: 'string', address: { city: 'string' } })],
  [
    'zod, async',
    z.object({
      id: z.number(),
      name: z.string().refine(async () => Promise.resolve(true)),
      address: z.object({ city: z.string() }),
    }),
  ],
] as const;

describe.each(EXPRESS)('a response schema on Express %s', (_version, express) => {
  describe.each(LIBRARIES)('of %s', (_library, schema) => {
    it.each<[string, (res: Response) => unknown]>([
      ['res.json()', (res) => res.json(USER)],
      ['res.send() of an object', (res) => res.send(USER)],
      ['res.status().json()', (res) => res.status(201).json(USER)],
    ])('%s sends what is declared and nothing else', async (_how, send) => {
      // The control: without it the hash goes out.
      const open = express().get('/', (_req, res) => void send(res));
      expect((await one(open, {})).json()).toEqual(USER);
      const answer = await one(alone(express, schema, send), {});
      expect(answer.json()).toEqual(SHOWN);
      expect(answer.headers['content-type']).toMatch(/^application\/json/);
    });

    it('res.jsonp() too', async () => {
      const answer = await one(
        alone(express, schema, (res) => res.jsonp(USER)),
        { target: '/?callback=f' },
      );
      const sent = JSON.parse(answer.body.slice(answer.body.indexOf('({') + 1, -2)) as unknown;
      expect(sent).toEqual(SHOWN);
      expect(answer.body).not.toContain(CANARY);
    });

    it('what does not fit is 500, and nothing of it goes out', async () => {
      const answer = await one(
        alone(express, schema, (res) => res.json({ ...USER, name: { first: CANARY } })),
        {},
      );
      expect(answer.json()).toMatchObject({
        status: 500,
        code: 'ERR_RESPONSE_INVALID',
        detail: 'the answer is not what its schema says',
      });
      expect(answer.body).not.toContain(CANARY);
      expect(
        (
          await one(
            alone(express, schema, (res) => res.json(undefined)),
            {},
          )
        ).status,
      ).toBe(500);
    });
  });

  it('a strict schema makes of a field too many neither a leak nor a hang', async () => {
    for (const strict of [
      z.strictObject({ id: z.number() }),
      v.strictObject({ id: v.number() }),
      type({ id: 'number', '+': 'reject' }),
    ]) {
      const answer = await one(
        alone(express, strict, (res) => res.json(USER)),
        {},
      );
      // ArkType is told to drop what others refuse.
      if (answer.status !== 500) expect(answer.json()).toEqual({ id: 1 });
      expect(answer.body).not.toContain(CANARY);
    }
  });

  it('a schema for each status; a success without one is 500, an error goes out', async () => {
    const byStatus = { 200: z.object({ id: z.number() }), 404: z.object({ error: z.string() }) };
    const answer = (status: number, body: object) =>
      one(
        alone(express, byStatus, (res) => res.status(status).json(body)),
        {},
      );
    expect((await answer(200, USER)).json()).toEqual({ id: 1 });
    expect((await answer(404, { error: 'x', stack: CANARY })).json()).toEqual({ error: 'x' });
    expect((await answer(404, { stack: CANARY })).json()).toMatchObject({ code: 'ERR_RESPONSE_INVALID' });
    expect((await answer(201, USER)).json()).toMatchObject({ code: 'ERR_RESPONSE_INVALID' });
    expect((await answer(409, { error: 'conflict' })).json()).toEqual({ error: 'conflict' });
  });

  it('one schema is for successes; errors of the handler and of the app’s own error handler go out', async () => {
    const schema = z.object({ id: z.number() });
    expect(
      (
        await one(
          alone(express, schema, (res) => res.status(422).json({ why: 'no' })),
          {},
        )
      ).json(),
    ).toEqual({ why: 'no' });
    const app = express();
    app.get('/', validate({ response: schema }), (_req, res) => void res.json({ secret: CANARY }));
    app.use(((_error, _req, res, _next) => void res.json({ own: 'page' })) as ErrorRequestHandler);
    // It has set no status, so that the schema would look at this too.
    expect((await one(app, {})).json()).toEqual({ own: 'page' });
  });

  it('a schema that throws: a Refusal is the app’s fault here, not the sender’s', async () => {
    const long = z.object({ text: z.string().transform(html({ max: 3 })) });
    const answer = await one(
      alone(express, long, (res) => res.json({ text: CANARY })),
      {},
    );
    expect(answer.json()).toMatchObject({ status: 500, code: 'ERR_RESPONSE_INVALID' });
    const broken = v.pipe(
      v.any(),
      v.check(() => {
        throw new Error(CANARY);
      }),
    );
    const failed = await one(
      alone(express, broken, (res) => res.json({})),
      {},
    );
    expect(failed.json()).toMatchObject({ status: 500, code: 'ERR_INTERNAL' });
    expect(failed.body).not.toContain(CANARY);
  });

  it('whoever answers while an async schema thinks has the last word', async () => {
    const failures: unknown[] = [];
    let release = (_fits: boolean): void => undefined;
    const answered = new Promise<boolean>((resolve) => {
      release = resolve;
    });
    const slow = z.object({ id: z.number().refine(() => answered) });
    const app = express();
    secure(app, { ...QUIET, errors: { onError: (error) => void failures.push(error) } });
    app.get('/', validate({ response: slow }), (_req, res) => {
      res.json(USER);
      throw new Error('after the answer');
    });
    expect((await one(app, {})).json()).toMatchObject({ status: 500, code: 'ERR_INTERNAL' });
    release(true);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(failures).toEqual([new Error('after the answer')]);
  });

  it('two on the way both hold', async () => {
    const app = express();
    app.use(validate({ response: z.object({ id: z.number(), name: z.string() }) }));
    app.get(
      '/',
      validate({ response: z.object({ id: z.number(), passwordHash: z.string() }) }),
      (_req, res) => void res.json(USER),
    );
    app.use(errors({ onError: () => undefined }) as ErrorRequestHandler);
    expect((await one(app, {})).json()).toMatchObject({ code: 'ERR_RESPONSE_INVALID' });
  });

  it('one that is passed twice holds once: its output need not fit its input', async () => {
    const counted = validate({ response: z.object({ name: z.string().transform((name) => name.length) }) });
    const app = express();
    app.get('/', counted, (_req, _res, next) => next('route'));
    app.get('/', counted, (_req, res) => void res.json(USER));
    app.get('/bad', counted, (_req, _res, next) => next('route'));
    app.get('/bad', counted, (_req, res) => void res.json({ name: 5 }));
    app.use(errors({ onError: () => undefined }) as ErrorRequestHandler);
    expect((await one(app, {})).json()).toEqual({ name: 3 });
    expect((await one(app, { target: '/bad' })).json()).toMatchObject({ status: 500, code: 'ERR_RESPONSE_INVALID' });
  });

  it('HEAD gets the status of GET', async () => {
    const bad = alone(express, z.object({ id: z.string() }), (res) => res.json(USER));
    expect((await one(bad, { method: 'HEAD' })).status).toBe(500);
  });

  it('in a gate the log and an event say which fields, and not what was in them', async () => {
    const log = memory();
    const events: unknown[] = [];
    const app = express();
    const gate = secure(app, { ...QUIET, logging: { stream: log } });
    gate.on('sys_error', ({ code }) => void events.push(code));
    app.get(
      '/',
      validate({ response: z.object({ user: z.object({ name: z.string(), age: z.number() }) }) }),
      (_req, res) => {
        res.json({ user: { name: { x: CANARY }, age: CANARY } });
      },
    );
    const answer = await one(app, {});
    expect([answer.status, answer.json().code]).toEqual([500, 'ERR_RESPONSE_INVALID']);
    await log.until(2);
    const written = log.raw.join('');
    expect(written).toContain('fields that do not fit: user.name, user.age');
    expect(events).toEqual(['ERR_RESPONSE_INVALID']);
    expect(written + answer.body).not.toContain(CANARY);
  });

  it('in monitor mode it reports, and sends what the handler gave', async () => {
    const events: unknown[] = [];
    const app = express();
    const gate = secure(app, { ...QUIET, monitor: ['input'] });
    gate.on('sys_error', ({ code, monitored }) => void events.push([code, monitored]));
    app.get('/', validate({ response: z.object({ id: z.string() }) }), (_req, res) => void res.json(USER));
    expect((await one(app, {})).json()).toEqual(USER);
    expect(events).toEqual([['ERR_RESPONSE_INVALID', true]]);
  });
});

it('the old forms of Express 4, with a status, are understood', async () => {
  const [[, express4]] = EXPRESS;
  const schema = { 200: z.object({ id: z.number() }), 201: z.object({ name: z.string() }) };
  for (const args of [
    [USER, 201],
    [201, USER],
  ]) {
    const answer = await one(
      alone(express4, schema, (res) => Reflect.apply(res.json, res, args)),
      {},
    );
    expect([answer.status, answer.json()]).toEqual([201, { name: 'ann' }]);
  }
});
