import express5 from 'express';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EXPRESS, type Express, type Received, type Served, send, serve } from '../../../test/support/http.ts';
import { contextOf } from '../../context.ts';
import { describeFailure } from '../logging/failure-record.ts';
import { ERROR_SOURCES, SECRETS } from './fixtures/error-sources.ts';
import { describeError, errors } from './index.ts';

const handler = errors({ onError: () => undefined });

function throwingApp(express: Express, environment: string): ReturnType<Express> {
  const app = express();
  app.set('env', environment);
  ERROR_SOURCES.forEach(({ make }, i) => {
    // Express 4 takes a falsy argument of next() for "go on", so those can only be thrown where a gate catches them.
    app.get(`/next/${i}`, (req, res, next) => {
      const thrown = make();
      if (thrown) next(thrown);
      else handler(thrown, req, res, next);
    });
    app.get(`/throw/${i}`, (req, res, next) => {
      const thrown = make();
      if (!thrown) return handler(thrown, req, res, next);
      throw thrown;
    });
  });
  return app;
}

function expectNoLeak({ body, rawHeaders }: Received): void {
  const seen = `${body}\n${rawHeaders.join('\n')}`;
  expect(SECRETS.filter((secret) => seen.includes(secret))).toEqual([]);
  expect(seen).not.toMatch(/\bat .*:\d+:\d+/);
}

it('knows at least fifty sources of errors', () => {
  expect(ERROR_SOURCES.length).toBeGreaterThanOrEqual(50);
});

describe.each(EXPRESS)('on Express %s', (_, express) => {
  describe.each(['development', 'staging', 'production'])('with the environment %s', (environment) => {
    let app: Served;
    beforeAll(async () => {
      const made = throwingApp(express, environment);
      made.use(handler);
      app = await serve(made);
    });
    afterAll(() => app.close());

    it.each(ERROR_SOURCES.map(({ name, status = 500 }, i) => ({ name, status, i })))(
      'answers $status to $name, and says nothing of it',
      async ({ status, i }) => {
        for (const way of ['throw', 'next']) {
          const json = await send(`${app.url}/${way}/${i}`);
          expect(json.status).toBe(status);
          expect(json.headers['content-type']).toBe('application/problem+json; charset=utf-8');
          expect(json.json()).toMatchObject({ status, title: expect.any(String), type: expect.any(String) });
          expect(json.json()).not.toHaveProperty('detail');
          expectNoLeak(json);

          const html = await send(`${app.url}/${way}/${i}`, { headers: { accept: 'text/html' } });
          expect(html.status).toBe(status);
          expect(html.headers['content-type']).toBe('text/html; charset=utf-8');
          expectNoLeak(html);
        }
      },
    );
  });

  it.each(['development', 'staging'])(
    "control: Express's default handler shows message and stack where the environment is %s",
    async (environment) => {
      const quiet = vi.spyOn(console, 'error').mockImplementation(() => undefined);
      const app = await serve(throwingApp(express, environment));
      const { body } = await send(`${app.url}/throw/0`);
      await app.close();
      quiet.mockRestore();
      expect(body).toContain('hunter2');
      expect(body).toMatch(/at .*:\d+:\d+/);
    },
  );
});

describe('without a server', () => {
  it.each(ERROR_SOURCES.map(({ name, make }) => [name, make] as const))('describes %s without throwing', (_, make) => {
    const description = describeError(make());
    expect(JSON.stringify(description)).not.toContain('hunter2');
    const logged = JSON.stringify(describeFailure(make()));
    expect(logged).not.toContain('hunter2');
    expect(logged.length).toBeLessThan(20_000);
  });

  it('keeps what failed for the log line', async () => {
    const seen: unknown[] = [];
    const app = express5();
    app.get('/', () => {
      throw new Error('kept');
    });
    app.use(handler);
    app.use((_req, _res, next) => next());
    const served = await serve((req: never, res: never) => {
      (res as import('node:http').ServerResponse).once('close', () => seen.push(contextOf(req).failure));
      app(req, res);
    });
    await send(served.url);
    await served.close();
    expect(seen).toEqual([expect.objectContaining({ message: 'kept' })]);
  });
});
