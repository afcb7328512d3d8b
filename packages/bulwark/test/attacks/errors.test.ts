import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { secure } from '../../src/index.ts';
import { HOST, one } from '../support/ask.ts';
import { EXPRESS, send, serve } from '../support/http.ts';
import { type App, handWire, pairOf } from './support/hand-wired.ts';

type ErrorHandler = import('express').ErrorRequestHandler;
const SECRET = 'db password=hunter2';
const LEAK = /hunter2|node_modules|errors\.test\.ts/;

// Outside of tests, Express writes errors to the console by itself.
beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe.each(EXPRESS)('errors on Express %s', (version, express) => {
  it('1.10.4: NODE_ENV is not exactly “production”: message and stack go out', async () => {
    const build = (): App => {
      const app = express();
      handWire(app, express, { order: ['helmet', 'json'] });
      app.get('/', () => {
        throw new Error(SECRET);
      });
      return app;
    };
    for (const environment of [undefined, 'staging', 'Production', 'prod']) {
      vi.stubEnv('NODE_ENV', environment);
      const leaked = await one(build(), {});
      expect(leaked.body).toContain(SECRET);
      expect(leaked.body).toContain('errors.test.ts');
      // No mode in the policy: NODE_ENV is all that it has to go by.
      const secured = build();
      secure(secured, { origins: 'https://shop.example', https: false, logging: { level: false } });
      for (const headers of [{}, { accept: 'text/html' }]) {
        const answer = await one(secured, { headers });
        expect([environment, answer.status]).toEqual([environment, 500]);
        expect(answer.body).toContain('ERR_INTERNAL');
        expect(answer.body).not.toMatch(LEAK);
      }
    }
  });

  it(`1.10.5, 3.5: an async handler that throws ${version === '4' ? 'never answers, and the rejection is nobody’s' : 'leaks its message on Express 5'}`, async () => {
    const answers: import('express').Response[] = [];
    const build = (): App => {
      const app = express();
      handWire(app, express, { order: ['helmet', 'json'] });
      app.get('/', async (_req, res) => {
        answers.push(res);
        await Promise.resolve();
        throw new Error(SECRET);
      });
      return app;
    };
    const { wired, secured } = pairOf(build);
    if (version === '4') {
      expect(await rejectionOf(wired)).toMatchObject({ message: SECRET });
      expect(answers[0]?.headersSent).toBe(false);
    } else {
      expect((await one(wired, {})).body).toContain(SECRET);
    }
    const answer = await one(secured, {});
    expect(answer.json()).toMatchObject({ status: 500, code: 'ERR_INTERNAL' });
    expect(answer.body).not.toMatch(LEAK);
  });

  it('2.10a: an error handler with three parameters is none', async () => {
    let asked = 0;
    const build = (): App => {
      const app = express();
      app.get('/', () => {
        throw new Error(SECRET);
      });
      const threeParameters = (_error: unknown, _req: unknown, res: unknown): void => {
        asked++;
        (res as import('express').Response).status(500).send('sorry');
      };
      app.use(threeParameters as unknown as import('express').RequestHandler);
      return app;
    };
    const { wired, secured } = pairOf(build);
    expect((await one(wired, {})).body).toContain(SECRET);
    const answer = await one(secured, {});
    expect(answer.json()).toMatchObject({ status: 500, code: 'ERR_INTERNAL' });
    expect(answer.body).not.toMatch(LEAK);
    expect(asked).toBe(0);
  });

  it('2.10b: an error handler before the routes never hears of them', async () => {
    const build = (): App => {
      const app = express();
      const handler: ErrorHandler = (_error, _req, res, _next) => void res.status(500).send('sorry');
      app.use(handler);
      app.get('/', () => {
        throw new Error(SECRET);
      });
      return app;
    };
    const { wired, secured } = pairOf(build);
    expect((await one(wired, {})).body).toContain(SECRET);
    expect((await one(secured, {})).body).not.toMatch(LEAK);
  });

  it('2.10c: no error handler and no 404 of one’s own: Express’s pages say what the server is', async () => {
    const build = (): App => {
      const app = express();
      handWire(app, express, { order: ['helmet', 'json'] });
      return app;
    };
    const { wired, secured } = pairOf(build);
    const page = await one(wired, { target: '/nowhere' });
    expect(page.body).toContain('<pre>Cannot GET /nowhere</pre>');
    const answer = await one(secured, { target: '/nowhere' });
    expect(answer.json()).toMatchObject({ status: 404, code: 'ERR_NOT_FOUND' });
    expect(answer.body).not.toContain('nowhere');
  });
});

/** Sends a request that is never answered, and resolves with the rejection that nobody handles. */
async function rejectionOf(app: App): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  // The test runner would take the rejection for a failure of the test; here it is what is waited for.
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.once('unhandledRejection', resolve);
  const served = await serve(app);
  const cutOff = send(served.url, { headers: HOST }).catch(() => undefined);
  try {
    return await promise;
  } finally {
    for (const listener of others) process.on('unhandledRejection', listener);
    await served.close();
    await cutOff;
  }
}
