import { createHash } from 'node:crypto';
import { ConfigError } from '../../../errors.ts';
import { type Emit, emitAsWarning } from '../../../events.ts';
import { checkName, checkRecord, firstVersion } from '../../../stores/record-rules.ts';
import type { KeyedRecord, NewRecord, RecordStore, Replacement, StoredRecord } from '../../../stores/record-store.ts';
import { type Duration, parseDuration } from '../../../units.ts';
import { KeyQueue } from './key-queue.ts';
import {
  type CallableStore,
  callableStore,
  callStore,
  type ExpressSessionStore,
  readSession,
  within,
} from './store-call.ts';

/** Options of {@link fromExpressSessionStore}. */
export interface ExpressSessionStoreOptions {
  /** How long one call may take, waiting for calls before it included; default 250 ms. After that it is a failure. */
  readonly timeout?: Duration;
  /** Whether other processes see the same records: the adapter cannot know. Without it, it does not say. */
  readonly shared?: boolean;
  /** Where it says what is lacking; default: a process warning. */
  readonly emit?: Emit;
}

/** What a wrapped Store can promise, and what not. */
export interface StoreGuarantees {
  /** `process`: no other request of this process comes between. Another process can. */
  readonly atomic: 'process';
  /** Whether the sessions of a user can be listed, and so ended together. */
  readonly list: boolean;
  /** What is lacking, in plain words. */
  readonly lacks: readonly string[];
}

/** A {@link RecordStore} over a Store of express-session. */
export interface WrappedStore extends RecordStore {
  get(key: string): Promise<StoredRecord | undefined>;
  insert(key: string, record: NewRecord): Promise<boolean>;
  replace(key: string, version: number, record: NewRecord): Promise<Replacement>;
  remove(key: string): Promise<StoredRecord | undefined>;
  list(owner: string): Promise<readonly KeyedRecord[]>;
  readonly guarantees: StoreGuarantees;
}

/** How long a late write keeps its key to itself. */
const LATE = 30_000;

/** What is put into the Store: looks like a session, so that the Store finds its lifetime where it always finds it. */
interface Envelope {
  readonly cookie: { readonly originalMaxAge: number; readonly maxAge: number; readonly expires: string };
  readonly bulwark: {
    readonly key: string;
    readonly value: string;
    readonly version: number;
    readonly owner?: string;
    /** Stores round lifetimes, to seconds as a rule; here it is exact, by this machine's clock. */
    readonly until: number;
  };
}

/** Adapters over one Store share a queue, or two of them in one process would come between each other. */
const queues = new WeakMap<object, KeyQueue>();
const told = new WeakSet<object>();

/**
 * Keeps records in a Store that was made for express-session, so that an app can go on using the one it has.
 *
 * Such a Store knows get, set and destroy, and no step that compares. Within one process the adapter lets one step at a
 * time work on a key: there a request in flight revives no ended session, and no update is lost. **Between processes it
 * can promise neither**, and it says so: in `guarantees`, and once by the event `sys_store_incomplete`. Bulwark's own
 * stores promise both everywhere.
 *
 * A failure is a failure: an error, a throw, a rejected promise, a callback that does not come. Never "no session".
 *
 * @throws ConfigError `ERR_CONFIG_VALUE` for what is no Store
 * @see https://cwe.mitre.org/data/definitions/362.html, CWE-613
 * @example sessions({ store: fromExpressSessionStore(new RedisStore({ client })) })
 */
export function fromExpressSessionStore(
  store: ExpressSessionStore,
  options: ExpressSessionStoreOptions = {},
): WrappedStore {
  const wrapped = callableStore(store, 'store');
  const timeout = parseDuration(options.timeout ?? 250, 'store.timeout');
  if (timeout > LATE) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: 'store.timeout',
      message: `a request would wait longer than ${LATE / 1000} s for its session`,
      fix: 'write a shorter one, such as "1s"',
    });
  }
  const queue = queues.get(store) ?? new KeyQueue();
  queues.set(store, queue);
  const guarantees = guaranteesOf(wrapped);
  const emit = options.emit ?? emitAsWarning;
  const isConnected = watch(wrapped, emit);
  tell(wrapped, guarantees, emit);

  async function bounded<T>(work: () => Promise<T>): Promise<T> {
    requireConnection();
    return within(timeout, work());
  }

  function requireConnection(): void {
    if (!isConnected()) throw new Error('the session store has lost its connection');
  }

  /** One step on a key: what is there, then the change. Whoever gave up waiting must not have it changed afterwards. */
  async function step<T>(
    key: string,
    record: NewRecord | undefined,
    work: (current: StoredRecord | undefined, change: (write: () => Promise<unknown>) => Promise<void>) => Promise<T>,
  ): Promise<T> {
    requireConnection();
    checkName('key', key);
    if (record !== undefined) checkRecord(record);
    let givenUp = false;
    const change = async (write: () => Promise<unknown>): Promise<void> => {
      if (givenUp) throw new Error('nobody waits for this any more');
      await write();
    };
    const queued = queue.run(key, LATE, async () => work(givenUp ? undefined : await read(key), change));
    return within(timeout, queued, () => {
      givenUp = true;
    });
  }

  const read = async (key: string): Promise<StoredRecord | undefined> =>
    alive(await readSession(wrapped, sidOf(key)), key);

  const write = (key: string, record: NewRecord, version: number): Promise<unknown> =>
    callStore((done) => wrapped.set(sidOf(key), envelope(key, record, version), done));

  return {
    guarantees,
    ...(options.shared === undefined ? {} : { shared: options.shared }),
    get: (key) =>
      bounded(() => {
        checkName('key', key);
        return read(key);
      }),
    insert: (key, record) =>
      step(key, record, async (current, change) => {
        if (current !== undefined) return false;
        await change(() => write(key, record, firstVersion()));
        return true;
      }),
    replace: (key, version, record) =>
      step<Replacement>(key, record, async (current, change) => {
        if (current?.version !== version) return { replaced: false, current };
        await change(() => write(key, record, version + 1));
        return { replaced: true, version: version + 1 };
      }),
    remove: (key) =>
      step(key, undefined, async (current, change) => {
        if (current !== undefined) await change(() => callStore((done) => wrapped.destroy(sidOf(key), done)));
        return current;
      }),
    list: (owner) =>
      bounded(() => {
        checkName('owner', owner);
        return listOf(wrapped, owner);
      }),
  };
}

/**
 * The name in the Store. A digest: stores refuse long names (express-mysql-session takes 128 characters), some fold case,
 * and PostgreSQL has no text with a zero byte in it.
 */
function sidOf(key: string): string {
  return `bulwark.${createHash('sha256').update(key, 'utf8').digest('base64url')}`;
}

function envelope(key: string, { value, ttl, owner }: NewRecord, version: number): Envelope {
  const until = Date.now() + ttl;
  return {
    cookie: { originalMaxAge: ttl, maxAge: ttl, expires: new Date(until).toISOString() },
    bulwark: { key, value, version, ...(owner === undefined ? {} : { owner }), until },
  };
}

function alive(found: unknown, key: string): StoredRecord | undefined {
  if (found === undefined) return undefined;
  const record = recordIn(found);
  // Taken for "none", it would let an insert write over what somebody else put there.
  if (record === undefined || record.key !== key) throw new Error('the session store gave back what was not put there');
  if (record.until <= Date.now()) return undefined;
  const { value, version, owner } = record;
  return { value, version, ...(owner === undefined ? {} : { owner }) };
}

function recordIn(found: unknown): Envelope['bulwark'] | undefined {
  const record = (found as Partial<Envelope> | null)?.bulwark;
  if (typeof record !== 'object' || record === null) return undefined;
  const { key, value, version, until, owner } = record;
  const fits =
    typeof key === 'string' &&
    typeof value === 'string' &&
    typeof until === 'number' &&
    Number.isSafeInteger(version) &&
    (owner === undefined || typeof owner === 'string');
  return fits ? record : undefined;
}

async function listOf(store: CallableStore, owner: string): Promise<readonly KeyedRecord[]> {
  if (store.all === undefined) {
    throw new Error('this session store has no all(), so the sessions of a user cannot be found');
  }
  // An array from some, an object by id from others; in either, sessions of express-session may lie beside ours.
  const found = (await callStore<unknown>((done) => store.all?.(done))) ?? [];
  const now = Date.now();
  const mine: KeyedRecord[] = [];
  for (const session of Object.values(found as Readonly<Record<string, unknown>>)) {
    const record = recordIn(session);
    if (record?.owner !== owner || record.until <= now) continue;
    mine.push({ key: record.key, value: record.value, version: record.version, owner });
  }
  return mine;
}

function guaranteesOf(store: CallableStore): StoreGuarantees {
  const list = typeof store.all === 'function';
  const lacks = [
    'its steps are not atomic between processes: with more than one process, a request in flight can revive an ended session, of two that write at once one can lose, and what may be used once can be used twice',
  ];
  if (list) lacks.push('to list the sessions of a user it reads all sessions');
  else lacks.push('it has no all(): the sessions of a user can be neither listed nor ended together');
  if (store.constructor.name === 'MemoryStore') {
    lacks.push('it keeps everything in this process: a restart loses it, no other process sees it');
  }
  return Object.freeze({ atomic: 'process', list, lacks: Object.freeze(lacks) });
}

/**
 * Listens to the Store: an 'error' that nobody hears would end the process, and one that says it is disconnected is not
 * asked. express-session serves such requests without a session; here they fail.
 */
function watch(store: CallableStore, emit: Emit): () => boolean {
  let connected = true;
  let said = false;
  const say = (description: string): void => {
    if (said) return;
    said = true;
    emit({ event: 'sys_error', level: 'WARN', practice: 'sessions', description });
  };
  store.on?.('disconnect', () => {
    connected = false;
    say('The session store has lost its connection: what needs a session is answered with 503.');
  });
  store.on?.('connect', () => {
    connected = true;
    said = false;
  });
  store.on?.('error', () => say('The session store reports an error.'));
  return () => connected;
}

function tell(store: CallableStore, { lacks }: StoreGuarantees, emit: Emit): void {
  if (told.has(store)) return;
  told.add(store);
  const name = store.constructor.name;
  // In the next turn: a listener that is added right after secure() hears it too.
  queueMicrotask(() =>
    emit({
      event: 'sys_store_incomplete',
      level: 'WARN',
      practice: 'sessions',
      description: `${name} is a Store of express-session and promises less than Bulwark's own: ${lacks.join('; ')}.`,
      details: { store: name, lacks },
    }),
  );
}
