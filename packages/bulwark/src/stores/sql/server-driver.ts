import { setTimeout as sleep } from 'node:timers/promises';
import { runWaiting, type SqlDriver, SqlFailure, type SqlResult, type Statement, type Steps } from './steps.ts';
import { turnstile } from './turnstile.ts';

/** A connection that is this call's until it is let go. */
export interface Connection {
  run(statement: Statement): Promise<SqlResult>;
  command(text: string): Promise<unknown>;
  /** @param broken - it is not to be used again */
  release(broken: boolean): void;
}

/** What is different between drivers of servers. */
export interface ServerPool {
  readonly kind: string;
  /** How a transaction begins. */
  readonly begin: string;
  connect(): Promise<Connection>;
  /** What an error means. */
  failureOf(error: unknown): SqlFailure;
  /** Ends all connections: those that do not end by themselves within `grace` milliseconds are cut. */
  end(grace: number): Promise<void>;
}

/** The bounds of a driver. */
export interface ServerBounds {
  /** Calls that are in the server at a time: as many as the pool has connections. */
  readonly connections: number;
  /** Calls that wait for one of these. */
  readonly waiting: number;
  /** Milliseconds that a call has, waiting included. */
  readonly timeout: number;
}

/** How often steps are run where others are in the way. */
const TRIES = 8;

/**
 * Runs steps on a server: never more at a time than it has connections, never longer than the bound, with a bounded number
 * waiting. A connection on which a call timed out is thrown away: nobody knows what it will answer next.
 */
export function serverDriver(pool: ServerPool, bounds: ServerBounds): SqlDriver & { close(): Promise<void> } {
  const failure = (code: string): SqlFailure => new SqlFailure(pool.kind, 'lost', code);
  const gate = turnstile(bounds.connections, bounds.waiting, () => failure('ERR_QUEUE_FULL'));
  const running = new Set<Promise<unknown>>();
  let isClosed = false;
  let isAside = false;

  async function attempt<T>(mode: 'each' | 'transaction', steps: Steps<T>, until: Promise<never>): Promise<T> {
    const connection = await connect(until);
    const within = <U>(work: Promise<U>): Promise<U> => Promise.race([work, until]);
    let isBroken = true;
    try {
      if (mode === 'transaction') await within(connection.command(pool.begin));
      const result = await runWaiting(steps, async (statement) => {
        try {
          return await within(connection.run(statement));
        } catch (error) {
          throw pool.failureOf(error);
        }
      });
      if (mode === 'transaction') await within(connection.command('COMMIT'));
      isBroken = false;
      return result;
    } catch (error) {
      const known = pool.failureOf(error);
      if (known.kind !== 'lost') isBroken = mode === 'transaction' && !(await undone(connection, within));
      throw known;
    } finally {
      connection.release(isBroken);
    }
  }

  /** Whether the connection is as it was before the transaction. */
  async function undone(connection: Connection, within: <U>(work: Promise<U>) => Promise<U>): Promise<boolean> {
    try {
      await within(connection.command('ROLLBACK'));
      return true;
    } catch {
      return false;
    }
  }

  /** A connection that comes too late is let go. */
  async function connect(until: Promise<never>): Promise<Connection> {
    const coming = pool.connect();
    let isLate = false;
    coming.then(
      (connection) => {
        if (isLate) connection.release(true);
      },
      () => undefined,
    );
    try {
      return await Promise.race([coming, until]);
    } catch (error) {
      isLate = true;
      const { kind, code } = pool.failureOf(error);
      // Whatever it was that kept it from connecting, the server is out of reach.
      throw new SqlFailure(pool.kind, kind === 'again' ? 'again' : 'lost', code);
    }
  }

  async function inTime<T>(mode: 'each' | 'transaction', steps: () => Steps<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const until = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(failure('ERR_TIMEOUT')), bounds.timeout);
    });
    // It may come when nobody waits for it any more.
    until.catch(() => undefined);
    try {
      await gate.enter(until);
      try {
        for (let tries = 1; ; tries++) {
          try {
            return await attempt(mode, steps(), until);
          } catch (error) {
            if (!(error instanceof SqlFailure) || error.kind !== 'again' || tries === TRIES) throw error;
          }
          await Promise.race([sleep(Math.random() * 2 ** tries), until]);
        }
      } finally {
        gate.leave();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async function run<T>(mode: 'each' | 'transaction', steps: () => Steps<T>): Promise<T> {
    if (isClosed) throw failure('ERR_CLOSED');
    const work = inTime(mode, steps);
    running.add(work);
    try {
      return await work;
    } finally {
      running.delete(work);
    }
  }

  return {
    run,
    aside(steps) {
      // One at a time: what has expired is invisible anyway, and the next new row asks again.
      if (isAside || isClosed) return;
      isAside = true;
      run('each', steps)
        .catch(() => undefined)
        .finally(() => {
          isAside = false;
        });
    },
    async close() {
      isClosed = true;
      await Promise.allSettled(running);
      await pool.end(bounds.timeout);
    },
  };
}
