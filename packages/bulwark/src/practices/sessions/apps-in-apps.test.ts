import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { QUIET } from '../../../test/support/ask.ts';
import { browser, serveAsTls } from '../../../test/support/browser.ts';
import { EXPRESS } from '../../../test/support/http.ts';
import { access, secure } from '../../index.ts';
import { logIn } from './index.ts';

type Request = IncomingMessage & { session?: { user?: string } | null; sessionID?: string };

let close: (() => Promise<void>) | undefined;
afterEach(async () => close?.());

describe.each(EXPRESS)('req.session of an app in a gate, on Express %s', (_version, express) => {
  async function start(before?: (req: Request) => void) {
    const seen: unknown[] = [];
    const show = (req: Request): unknown => [req.session?.user ?? null, typeof req.sessionID, 'session' in req];
    const child = (): ReturnType<typeof express> => {
      const app = express();
      app.use((req, _res, next) => {
        seen.push(show(req));
        next();
      });
      app.get('/show', (req, res) => void res.json(show(req)));
      return app;
    };
    const [mounted, hidden] = [child(), child()];
    const app = express();
    secure(app, {
      ...QUIET,
      stores: { memory: true },
      sessions: {},
      access: { undecided: 'allow' },
    });
    const ok = access.public('test');
    app.get('/in', ok, (req, res, next) => {
      logIn(req, { id: 'bob' }).then(() => {
        (req as unknown as Request).session = { user: 'bob' };
        res.send('in');
      }, next);
    });
    app.get('/out', ok, (req, res) => {
      (req as unknown as Request).session = null;
      res.json(show(req));
    });
    app.get('/show', ok, (req, res) => void res.json(show(req)));
    app.get('/keys', ok, (req, res) => {
      const keys: string[] = [];
      for (const key in req) if (key.startsWith('session')) keys.push(key);
      res.json(keys);
    });
    app.use('/mounted', mounted);
    app.use('/hidden', (req, res, next) => hidden(req, res, next));
    const listener = (req: IncomingMessage, res: ServerResponse): void => {
      before?.(req);
      app(req, res);
    };
    const served = await serveAsTls(listener);
    close = served.close;
    return { bob: browser(served.url), visitor: browser(served.url), seen };
  }

  it.each(['/show', '/mounted/show', '/hidden/show'])('is that of the request at %s, and of no other', async (path) => {
    const { bob, visitor, seen } = await start();
    await bob.get('/in');
    expect((await bob.get(path)).json()).toEqual(['bob', 'string', true]);
    expect((await visitor.get(path)).json()).toEqual([null, 'string', true]);
    expect((await bob.get(path)).json()).toEqual(['bob', 'string', true]);
    if (path !== '/show') expect(seen[0]).toEqual(['bob', 'string', true]);
    await bob.get('/out');
    expect((await bob.get(path)).json()).toEqual([null, 'string', true]);
  });

  it('is found by whoever lists what a request has', async () => {
    const { bob } = await start();
    expect((await bob.get('/keys')).json()).toEqual(['session', 'sessionID']);
  });

  it('is the app’s, whatever was put there before the gate', async () => {
    const { visitor } = await start((req) => Object.assign(req, { session: { user: 'root' }, sessionID: 7 }));
    expect((await visitor.get('/show')).json()).toEqual([null, 'string', true]);
  });
});
