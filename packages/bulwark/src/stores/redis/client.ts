import { createRequire } from 'node:module';
import { ConfigError } from '../../errors.ts';

/**
 * A client of the package `redis` (node-redis 5 or 6), connected or not: what `createClient`, `createClientPool`,
 * `createCluster` and `createSentinel` return.
 */
export interface RedisClient {
  readonly isOpen: boolean;
  connect(): Promise<unknown>;
  sendCommand(...args: never[]): Promise<unknown>;
  on(event: 'error' | 'ready', listener: (error?: unknown) => void): unknown;
}

/** What is used of a client that Bulwark made. */
export interface OwnClient extends RedisClient {
  readonly isReady: boolean;
  sendCommand(args: readonly string[], options?: object): Promise<unknown>;
  destroy(): void;
  unref(): void;
}

/** Commands that may wait for their answers: with the server gone, this is all that can pile up. */
export const QUEUE = 10_000;
const LONGEST_PAUSE = 1000;

type CreateClient = (options: object) => OwnClient;

/**
 * Makes clients for a URL. None of them keeps commands while it is offline: what cannot be sent now fails now. Each
 * tries again for ever, and none keeps the process alive.
 *
 * @throws ConfigError for what is no URL of a Redis server, and where the package `redis` is missing
 */
export function clientMaker(url: string, field: string): () => OwnClient {
  requireRedisUrl(url, field);
  const createClient = loadRedis(field);
  return () => {
    const client = createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: QUEUE,
      maintNotifications: 'disabled',
      socket: { connectTimeout: 2000, reconnectStrategy: pause },
    });
    // The breaker tells of an outage, once; an 'error' that nobody hears would end the process.
    client.on('error', () => undefined);
    client.unref();
    return client;
  };
}

/** Milliseconds until the next attempt: longer each time, and not the same for all processes. */
function pause(retries: number): number {
  const longest = Math.min(LONGEST_PAUSE, 50 * 2 ** Math.min(retries, 10));
  return Math.round(longest * (0.5 + Math.random() / 2));
}

/** The value is not repeated in any message: it may hold a password. */
function requireRedisUrl(url: string, field: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && /^rediss?:$/.test(parsed.protocol) && parsed.hostname !== '') return;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: 'this is not the address of a Redis server',
    fix: 'write redis://host:6379, or rediss:// for TLS; a user and password go before the host, percent-encoded',
  });
}

function loadRedis(field: string): CreateClient {
  try {
    const { createClient } = createRequire(import.meta.url)('redis') as { createClient: CreateClient };
    return createClient;
  } catch (cause) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field,
      message: 'the package redis, which talks to the server, is not installed',
      fix: 'npm install redis',
      cause,
    });
  }
}

/** How commands are sent with one kind of client. */
export interface Sender {
  send(key: string, args: readonly string[]): Promise<unknown>;
  /** True where the client would keep the command instead of sending it. */
  isOffline(): boolean;
}

// Answers as text and numbers, whatever the client was told to map them to.
const PLAIN = { typeMapping: {} };
// A client's own time limit costs each command a signal of its own. The breaker holds commands to one; the client's is of use
// for those that it keeps because it is offline.
const AT_ONCE = { typeMapping: {}, timeout: 0 };

/**
 * Recognises the kinds of client by their methods: they send differently. Reads go to masters as well: a replica may
 * still have a session that was ended.
 *
 * @throws ConfigError for anything else, such as a client of ioredis
 */
export function senderOf(client: RedisClient, field: string): Sender {
  requireClient(client, field);
  const known = client as unknown as {
    sendCommand(...args: unknown[]): Promise<unknown>;
    readonly isReady?: boolean;
    readonly getSlotRandomNode?: unknown;
    readonly getMasterNode?: unknown;
  };
  // These have many connections, and know themselves which of them is up.
  const isOffline = (): boolean => false;
  if (typeof known.getSlotRandomNode === 'function') {
    return { send: (key, args) => known.sendCommand(key, false, args, PLAIN), isOffline };
  }
  if (typeof known.getMasterNode === 'function') {
    return { send: (_key, args) => known.sendCommand(false, args, PLAIN), isOffline };
  }
  return {
    send: (_key, args) => known.sendCommand(args, known.isReady === true ? AT_ONCE : PLAIN),
    isOffline: () => known.isReady === false,
  };
}

function requireClient(client: unknown, field: string): void {
  const known = client as Partial<RedisClient> | null | undefined;
  if (
    typeof known?.sendCommand === 'function' &&
    typeof known.connect === 'function' &&
    typeof known.on === 'function' &&
    typeof known.isOpen === 'boolean'
  ) {
    return;
  }
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: 'this is neither the address of a Redis server nor a client of the package redis',
    fix: "write 'redis://host:6379', or hand over what createClient() of redis 5 or 6 returned (not one of ioredis)",
  });
}
