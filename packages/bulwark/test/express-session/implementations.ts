import type { Express as App, RequestHandler } from 'express';
import session from 'express-session';
import { secure } from '../../src/index.ts';
import { client } from '../../src/practices/client/index.ts';
import { errors } from '../../src/practices/errors/index.ts';
import { sessions } from '../../src/practices/sessions/index.ts';
import { memoryRecordStore } from '../../src/stores/memory-records.ts';
import { memoryStores } from '../../src/stores/memory-stores.ts';
import type { MaybePromise, RecordStore } from '../../src/stores/record-store.ts';
import type { Express } from '../support/http.ts';
import type { RowOptions } from './rows.ts';

/** Which calls of a store fail. */
export type Failing = 'read' | 'write';

/** The store of an app under test, in the hands of the test. */
export interface StoreControl {
  /** How many sessions it keeps. */
  count(): Promise<number>;
  /** One call of that kind fails, once `after` more have succeeded. */
  failAfter(after: number, what: Failing): void;
}

/** An app with sessions. */
export interface Built {
  /** Where routes go. */
  readonly app: App;
  /** What a server is given. */
  readonly listener: unknown;
  readonly store: StoreControl;
}

/** One implementation of `req.session`. */
export interface Implementation {
  readonly name: string;
  readonly isBulwark: boolean;
  /** What each request carries, such as the word of a proxy that it came over TLS. */
  readonly headers: Readonly<Record<string, string>>;
  build(express: Express, options: RowOptions, nested: (app: App) => void): Built;
}

/** express-session itself: the reference. */
export const EXPRESS_SESSION: Implementation = {
  name: 'express-session',
  isBulwark: false,
  headers: {},
  build(express, { maxAge, rolling }, nested) {
    const store = new session.MemoryStore();
    const switches = failures();
    for (const method of ['get', 'set', 'destroy'] as const) {
      const original = store[method].bind(store) as (...args: unknown[]) => void;
      store[method] = (...args: unknown[]) => {
        const failure = switches.next(method === 'get' ? 'read' : 'write');
        if (failure === undefined) return original(...args);
        const done = args.at(-1);
        if (typeof done === 'function') setImmediate(done as (error: Error) => void, failure);
      };
    }
    const app = express();
    app.use(
      session({
        secret: 'for the tests of this repository only',
        resave: false,
        saveUninitialized: false,
        store,
        ...(rolling === undefined ? {} : { rolling }),
        ...(maxAge === undefined ? {} : { cookie: { maxAge } }),
      }),
    );
    nested(app);
    const count = () =>
      new Promise<number>((resolve, reject) => {
        store.length((error, length) =>
          error === null || error === undefined ? resolve(length ?? 0) : reject(error as Error),
        );
      });
    return { app, listener: app, store: { count, failAfter: switches.failAfter } };
  },
};

/** Counts calls of a store down to the one that fails; those after it succeed again. */
function failures(): {
  next(what: Failing): Error | undefined;
  failAfter(after: number, what: Failing): void;
} {
  let left: number | undefined;
  let failing: Failing = 'read';
  return {
    next(what) {
      if (left === undefined || what !== failing) return undefined;
      left -= 1;
      if (left >= 0) return undefined;
      left = undefined;
      return new Error('the store is down');
    },
    failAfter(after, what) {
      left = after;
      failing = what;
    },
  };
}

/** A store of records that fails when it is told to; `later` answers with promises, as one beyond the network does. */
function switchable(later: boolean): { readonly store: RecordStore; readonly control: StoreControl } {
  const inner = memoryRecordStore();
  const switches = failures();
  const guarded = <T>(what: Failing, call: () => MaybePromise<T>): MaybePromise<T> => {
    const failure = switches.next(what);
    if (!later) {
      if (failure !== undefined) throw failure;
      return call();
    }
    return new Promise((resolve) => setImmediate(resolve)).then(() => {
      if (failure !== undefined) throw failure;
      return call();
    });
  };
  const store: RecordStore = {
    get: (key) => guarded('read', () => inner.get(key)),
    insert: (key, record) => guarded('write', () => inner.insert(key, record)),
    replace: (key, version, record) => guarded('write', () => inner.replace(key, version, record)),
    remove: (key) => guarded('write', () => inner.remove(key)),
    list: (owner) => guarded('read', () => inner.list(owner)),
    ...(later ? {} : { local: true }),
  };
  return { store, control: { count: () => Promise.resolve(inner.size), failAfter: switches.failAfter } };
}

/** As a browser sends it, through a proxy that ends TLS. */
export const BROWSER = {
  host: 'shop.example',
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'shop.example',
  'sec-fetch-site': 'same-origin',
};
const ORIGINS = ['https://shop.example'];

const given = ({ maxAge, rolling }: RowOptions): object => ({
  ...(rolling === undefined ? {} : { rolling }),
  ...(maxAge === undefined ? {} : { cookie: { maxAge } }),
  resave: false,
  saveUninitialized: false,
});

/** The practice alone, as a middleware of an app. */
const ALONE: Implementation = {
  name: 'sessions() alone, on a store beyond the network',
  isBulwark: true,
  headers: BROWSER,
  build(express, options, nested) {
    const { store, control } = switchable(true);
    const app = express();
    app.use(client({ proxy: { hops: 1 }, origins: ORIGINS }) as RequestHandler);
    // As a gate hands stores on: no breaker before it, which would go on refusing when the store succeeds again.
    const services = {
      emit: () => undefined,
      mode: 'production',
      stores: { ...memoryStores(), records: store },
    } as const;
    app.use(sessions({ ...given(options), origins: ORIGINS }, services) as RequestHandler);
    nested(app);
    app.use(errors() as unknown as RequestHandler);
    return { app, listener: app, store: control };
  },
};

/** Inside `secure()`, on a store in this process. */
export const SECURED: Implementation = {
  name: 'secure(app, { sessions })',
  isBulwark: true,
  headers: BROWSER,
  build(express, options, nested) {
    const { store, control } = switchable(false);
    const app = express();
    const gate = secure(app, {
      origins: ORIGINS,
      mode: 'production',
      proxy: { hops: 1 },
      logging: { level: false },
      stores: memoryStores(),
      access: { undecided: 'allow' },
      sessions: { ...given(options), store },
    });
    nested(app);
    return { app, listener: gate.handler, store: control };
  },
};

/** All of them. */
export const IMPLEMENTATIONS: readonly Implementation[] = [EXPRESS_SESSION, ALONE, SECURED];
