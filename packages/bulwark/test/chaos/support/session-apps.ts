import { createRequire } from 'node:module';
import session from 'express-session';
import type { EventInput } from '../../../src/events.ts';
import { access, logIn, secure } from '../../../src/index.ts';
import type { StoresSetting } from '../../../src/stores/index.ts';
import { QUIET } from '../../support/ask.ts';
import { type Express, type Sent, send, serve } from '../../support/http.ts';
import { type ChaosApp, LIMIT } from './apps.ts';

/** The package comes without types. */
type PgStore = new (options: object) => session.Store & { close(): Promise<void> };
const pgSessions = createRequire(import.meta.url)('connect-pg-simple') as (of: typeof session) => PgStore;

/** Requests reach the apps as from a proxy that speaks TLS. */
const VIA_TLS = { host: 'shop.example', 'x-forwarded-proto': 'https', 'sec-fetch-site': 'same-origin' };

/** An app whose users log in with `POST /login`. */
export interface SessionApp extends ChaosApp {
  /** Logs in; the status, and the cookie as the next request sends it. */
  enter(from: string): Promise<{ readonly status: number; readonly headers: NonNullable<Sent['headers']> }>;
}

/** `/free` is for everybody, `/account` for users; both are limited. Nothing waits for the store before the first request. */
export async function sessionApp(express: Express, stores: StoresSetting): Promise<SessionApp> {
  const app = express();
  const events: EventInput[] = [];
  const gate = secure(app, {
    ...QUIET,
    proxy: { hops: 1 },
    stores,
    sessions: {},
    rateLimit: { limit: LIMIT, window: '1h', penalty: false },
  });
  gate.on('sys_error', (event) => void events.push(event));
  app.get('/free', access.public('a page for everybody'), (_req, res) => void res.send('home'));
  app.get('/account', access.authenticated(), (_req, res) => void res.send('account'));
  app.post('/login', access.public('who logs in is nobody yet'), (req, res, next) => {
    logIn(req, { id: 'ann' }).then(() => res.send('in'), next);
  });
  const served = await serve(app);
  return {
    url: served.url,
    changes: () => events.map(({ level, practice }) => `${level} ${practice}`),
    enter: (from) => enter(served.url, from),
    async close() {
      await served.close();
      await gate.close();
    },
  };
}

/** The same by hand, with express-session and connect-pg-simple as their own instructions say. */
export async function handWiredSessionApp(express: Express, conString: string): Promise<SessionApp> {
  const Store = pgSessions(session);
  const store = new Store({ conString, createTableIfMissing: true, errorLog: () => undefined });
  const app = express();
  app.set('trust proxy', 1);
  // Without it Express writes each error to the console.
  app.set('env', 'test');
  app.use(
    session({
      store,
      secret: 'a secret of the control',
      resave: false,
      saveUninitialized: false,
      cookie: { secure: true },
    }),
  );
  app.get('/free', (_req, res) => void res.send('home'));
  app.post('/login', (req, res) => {
    (req.session as unknown as { user: string }).user = 'ann';
    res.send('in');
  });
  const served = await serve(app);
  return {
    url: served.url,
    changes: () => [],
    enter: (from) => enter(served.url, from),
    async close() {
      await served.close();
      await store.close();
    },
  };
}

async function enter(url: string, from: string): ReturnType<SessionApp['enter']> {
  const answer = await send(`${url}/login`, { method: 'POST', from, headers: VIA_TLS });
  const cookie = String(answer.headers['set-cookie'] ?? '').split(';')[0] ?? '';
  return { status: answer.status, headers: { ...VIA_TLS, cookie } };
}
