import type { RequestHandler } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { Client } from '../express-session/client.ts';
import { EXPRESS_SESSION, type Implementation, SECURED } from '../express-session/implementations.ts';
import { mountPassport, stubbedRegenerate } from '../express-session/passport-app.ts';
import { EXPRESS, type Express, type Served, serve } from '../support/http.ts';

const open: Served[] = [];
afterEach(() => Promise.all(open.splice(0).map((served) => served.close())));

async function clients(
  express: Express,
  implementation: Implementation,
  first?: RequestHandler,
): Promise<() => Client> {
  const { listener } = implementation.build(express, {}, (app) => {
    if (first !== undefined) app.use(first);
    mountPassport(app, express);
  });
  const served = await serve(listener);
  open.push(served);
  return () => new Client(served.url, implementation.headers);
}

/** Who is logged in for the attacker, whose session the victim was made to use for the log-in. */
async function fixate(make: () => Client): Promise<unknown> {
  const attacker = make();
  await attacker.get('/basket?add=planted');
  await attacker.copy().post('/login', { username: 'ann', password: 'correct horse' });
  return attacker.json('/me');
}

/** Sessions without the methods of express-session, as cookie-session has them. */
const WITHOUT_METHODS: Implementation = {
  ...EXPRESS_SESSION,
  build(express, _options, nested) {
    const app = express();
    app.use((req, _res, next) => {
      Object.assign(req, { session: {} });
      next();
    });
    nested(app);
    const store = { count: () => Promise.resolve(0), failAfter: () => undefined };
    return { app, listener: app, store };
  },
};

describe.each(EXPRESS)('passport on Express %s', (_, express) => {
  it('1.8.1a: a session that an attacker has planted before the log-in', async () => {
    expect(await fixate(await clients(express, EXPRESS_SESSION, stubbedRegenerate))).toBe('ann');
    expect(await fixate(await clients(express, SECURED))).toBeNull();
  });

  it('1.8.1b: a log-in where the session has no regenerate()', async () => {
    const logIn = async (make: () => Client) =>
      (await make().post('/login', { username: 'ann', password: 'correct horse' })).status;
    expect(await logIn(await clients(express, WITHOUT_METHODS))).toBe(500);
    expect(await logIn(await clients(express, SECURED))).toBe(302);
  });
});
