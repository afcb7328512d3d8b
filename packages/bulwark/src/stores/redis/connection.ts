import { within } from '../breaker.ts';
import { clientMaker, type OwnClient, QUEUE, type RedisClient, senderOf } from './client.ts';

/** One way to a server. */
export interface RedisConnection {
  /**
   * Sends one command that touches this key. All that is sent in one tick goes out in one write.
   *
   * Rejects at once while there is no connection; only the very first one is waited for. How long an answer may take is
   * the caller's business.
   */
  send(key: string, args: readonly string[]): Promise<unknown>;
  /** Resolves once the server answers a read of this key. */
  ready(key: string): Promise<void>;
  close(): Promise<void>;
}

/** How long a connection may stay silent, or not come about, before another one is tried; milliseconds. */
const STUCK = 3000;
/** How long the start waits for the server; milliseconds. */
const START = 2000;

/**
 * Answers as text and numbers. No time limit of the client's own: it makes an AbortSignal for each command, and the breaker
 * and {@link STUCK} bound the wait already.
 */
const COMMAND = { typeMapping: {}, timeout: 0 };

/** A connection of our own, or one that was handed in. */
export function connectionTo(source: string | RedisClient, field: string): RedisConnection {
  return typeof source === 'string' ? ownConnection(clientMaker(source, field)) : givenConnection(source, field);
}

function ownConnection(makeClient: () => OwnClient): RedisConnection {
  let client: OwnClient | undefined;
  let first: Promise<unknown> = Promise.resolve();
  let lastError: unknown;
  let isClosed = false;
  let unanswered = 0;
  let quietSince = 0;

  function open(): OwnClient {
    const opened = makeClient();
    opened.on('error', (error) => {
      lastError = error;
    });
    opened.on('ready', () => {
      lastError = undefined;
    });
    unanswered = 0;
    quietSince = performance.now();
    first = opened.connect();
    first.catch(() => undefined);
    client = opened;
    return opened;
  }

  /**
   * A peer that went away without a word leaves a connection that looks open: TCP would notice after a quarter of an hour.
   * A server that is paused during the handshake leaves one that never comes about.
   */
  function current(): OwnClient {
    if (client === undefined) return open();
    const isWaiting = unanswered > 0 || !client.isReady;
    if (!isWaiting || performance.now() - quietSince < STUCK) return client;
    destroy(client);
    return open();
  }

  async function sendOn(to: OwnClient, args: readonly string[]): Promise<unknown> {
    if (unanswered >= QUEUE) throw new Error('too many commands wait for their answers');
    if (unanswered === 0 && to.isReady) quietSince = performance.now();
    unanswered++;
    try {
      const answer = await to.sendCommand(args, COMMAND);
      quietSince = performance.now();
      return answer;
    } catch (error) {
      // The server's own errors are answers too.
      if (to.isReady && to === client) quietSince = performance.now();
      throw error;
    } finally {
      // What a connection that was given up still rejects does not belong to the new one.
      if (to === client) unanswered--;
    }
  }

  async function send(args: readonly string[]): Promise<unknown> {
    if (isClosed) throw new Error('the store is closed');
    const to = current();
    if (!to.isReady && lastError === undefined) await first;
    return sendOn(to, args);
  }

  return {
    send: (_key, args) => send(args),
    async ready(key) {
      if (isClosed) throw new Error('the store is closed');
      if (client === undefined) open();
      try {
        await within(first, START);
        await within(send(['GET', key]), START);
      } catch (error) {
        throw lastError ?? error;
      }
    },
    async close() {
      isClosed = true;
      if (client !== undefined) destroy(client);
    },
  };
}

function destroy(client: OwnClient): void {
  try {
    client.destroy();
  } catch {
    // redis 5 throws where it is closed already.
  }
}

function givenConnection(client: RedisClient, field: string): RedisConnection {
  const { send: sendTo, isOffline } = senderOf(client, field);
  let opening: Promise<unknown> | undefined;
  let isOpenedHere = false;
  let wasReady = false;
  client.on('error', () => undefined);

  function open(): Promise<unknown> {
    if (opening !== undefined) return opening;
    isOpenedHere = !client.isOpen;
    opening = client.isOpen ? Promise.resolve() : client.connect();
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  }

  async function send(key: string, args: readonly string[]): Promise<unknown> {
    if (!client.isOpen) await open();
    // The client would keep it, and send it when its sender has long given up.
    if (isOffline()) {
      if (wasReady) throw new Error('the client is offline');
    } else {
      wasReady = true;
    }
    return sendTo(key, args);
  }

  return {
    send,
    async ready(key) {
      await within(open(), START);
      await within(send(key, ['GET', key]), START);
    },
    async close() {
      // Whoever opened it closes it.
      const { destroy: end } = client as Partial<OwnClient>;
      if (isOpenedHere && client.isOpen && end !== undefined) destroy(client as OwnClient);
    },
  };
}
