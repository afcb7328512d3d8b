import { RedisStore as SessionStore } from 'connect-redis';
import expressRateLimit from 'express-rate-limit';
import session from 'express-session';
import { RedisStore as LimitStore } from 'rate-limit-redis';
import { createClient } from 'redis';
import type { EventInput, SecurityEvent } from '../../../src/events.ts';
import { secure } from '../../../src/index.ts';
import { redisStores } from '../../../src/stores/index.ts';
import { QUIET } from '../../support/ask.ts';
import { type Express, serve } from '../../support/http.ts';

/** What both apps let one client do in an hour. */
export const LIMIT = 20;

/** An app whose limits and sessions live in Redis. */
export interface ChaosApp {
  readonly url: string;
  /** Changes of the store, as they were told. */
  readonly changes: () => string[];
  close(): Promise<void>;
}

/**
 * `/` needs a limit only, `/session` reads a record too. The limit is so low that a client uses it up at once, and each
 * client of a test has an address of its own.
 */
export async function securedApp(express: Express, redis: string): Promise<ChaosApp> {
  const app = express();
  const events: (EventInput | SecurityEvent)[] = [];
  const stores = redisStores(redis, {}, { emit: (event) => events.push(event) });
  const gate = secure(app, { ...QUIET, stores, rateLimit: { limit: LIMIT, window: '1h', penalty: false } });
  gate.on('sys_error', (event) => events.push(event));
  app.get('/', (_req, res) => void res.send('home'));
  app.get('/session', async (_req, res, next) => {
    try {
      const record = await stores.records.get('session:1');
      res.send(record === undefined ? 'nobody' : record.value);
    } catch (error) {
      next(error);
    }
  });
  await stores.ready();
  await stores.records.insert('session:1', { value: 'ann', ttl: 3_600_000 });
  const served = await serve(app);
  return {
    url: served.url,
    changes: () => events.map(({ level }) => level),
    async close() {
      await served.close();
      await gate.close();
      await stores.close();
    },
  };
}

/** The same by hand, as the packages' own instructions say. */
export async function handWiredApp(express: Express, redis: string): Promise<ChaosApp> {
  const client = createClient({ url: redis });
  client.on('error', () => undefined);
  await client.connect();
  const app = express();
  app.use(
    expressRateLimit({
      limit: LIMIT,
      windowMs: 3_600_000,
      store: new LimitStore({ sendCommand: (...args: string[]) => client.sendCommand(args) }),
    }),
  );
  app.get('/', (_req, res) => void res.send('home'));
  const sessions = session({
    store: new SessionStore({ client }),
    secret: 'a secret of the control',
    resave: false,
    saveUninitialized: true,
  });
  app.get('/session', sessions, (_req, res) => void res.send('nobody'));
  // Without it Express writes each error to the console.
  app.set('env', 'test');
  const served = await serve(app);
  return {
    url: served.url,
    changes: () => [],
    async close() {
      await served.close();
      client.destroy();
    },
  };
}
