import { createRequire } from 'node:module';
import session from 'express-session';
import type { ExpressSessionStore } from '../../src/practices/sessions/express-session/store-call.ts';

type Make = (module: typeof session) => new (options?: object) => ExpressSessionStore;

const memorystore = createRequire(import.meta.url)('memorystore') as Make;

/** express-session's own store in memory; it has `all()`. */
export function memoryStore(): ExpressSessionStore {
  return new session.MemoryStore() as unknown as ExpressSessionStore;
}

/** The package memorystore, bounded. */
function boundedMemoryStore(): ExpressSessionStore {
  const MemoryStore = memorystore(session);
  return new MemoryStore({ max: 10_000 });
}

/** Stores that need no server. */
export const MEMORY_STORES: readonly (readonly [string, () => ExpressSessionStore])[] = [
  ['express-session MemoryStore', memoryStore],
  ['memorystore', boundedMemoryStore],
];

/** The same store as another process would hold it: the state is shared, nothing else is. */
export function ofAnotherProcess(store: ExpressSessionStore): ExpressSessionStore {
  return {
    get: (sid, done) => store.get(sid, done),
    set: (sid, value, done) => store.set(sid, value, done),
    destroy: (sid, done) => store.destroy(sid, done),
  };
}
