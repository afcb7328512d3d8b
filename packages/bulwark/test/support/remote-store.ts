import { memoryRecordStore } from '../../src/stores/memory-records.ts';
import type { RecordStore } from '../../src/stores/record-store.ts';

type Step = 'get' | 'insert' | 'replace' | 'remove' | 'list';

/** A store that answers later, as one over a network does, and that can be out of reach or made to wait. */
export interface RemoteStore extends RecordStore {
  readonly size: number;
  /** What it does with each call from now on. */
  now: 'answer' | 'reject' | 'hang';
  /** Called before each step is carried out: what it returns is waited for. */
  before: (step: Step) => Promise<void> | undefined;
}

export function remoteStore(): RemoteStore {
  const store = memoryRecordStore();
  async function call<T>(step: Step, act: () => T): Promise<T> {
    await remote.before(step);
    if (remote.now === 'hang') await new Promise(() => undefined);
    if (remote.now === 'reject') throw new Error('connect ECONNREFUSED redis://:hunter2@db');
    await new Promise(setImmediate);
    return act();
  }
  const remote: RemoteStore = {
    now: 'answer',
    before: () => undefined,
    get size() {
      return store.size;
    },
    get: (key) => call('get', () => store.get(key)),
    insert: (key, record) => call('insert', () => store.insert(key, record)),
    replace: (key, version, record) => call('replace', () => store.replace(key, version, record)),
    remove: (key) => call('remove', () => store.remove(key)),
    list: (owner) => call('list', () => store.list(owner)),
  };
  return remote;
}

/** Something that is waited for until it is opened. */
export function barrier(): { readonly reached: Promise<void>; wait(): Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  let reach: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return {
    reached,
    wait() {
      reach();
      return opened;
    },
    open,
  };
}
