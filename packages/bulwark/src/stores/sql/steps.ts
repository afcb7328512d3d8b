import type { MaybePromise } from '../record-store.ts';

/** A value that is bound to a statement, never written into it. */
export type SqlValue = string | number | null | Uint8Array;

/** One statement with its values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
  /** It gives rows. */
  readonly reads: boolean;
}

/** What a statement gave. */
export interface SqlResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Rows that it has changed. */
  readonly changes: number;
}

/**
 * What is done in a database, one statement after the other, with what each gave. The same steps are run at once on a
 * database in this process, and with waiting on a server.
 */
export type Steps<T> = Generator<Statement, T, SqlResult>;

/** How a statement failed. */
export type SqlFailureKind =
  /** There is such a key already. */
  | 'duplicate'
  /** Another was in the way (deadlock, serialisation, lock wait): nothing was done, and the same may succeed now. */
  | 'again'
  /** The tables are not there. */
  | 'no-table'
  /** The statement was refused; the connection is as good as before. */
  | 'refused'
  /** The connection is lost, or nobody knows what is going on in it. */
  | 'lost';

/**
 * A database did not do what it was told. It has the driver's code and none of its text: drivers write values, addresses
 * and statements into theirs.
 */
export class SqlFailure extends Error {
  override readonly name = 'SqlFailure';
  readonly kind: SqlFailureKind;
  /** The driver's: `40P01`, `ER_LOCK_DEADLOCK`, `ECONNREFUSED`. */
  readonly code: string;

  constructor(store: string, kind: SqlFailureKind, code: string) {
    super(`The ${store} store failed (${code})`);
    this.kind = kind;
    this.code = code;
  }
}

/** What stands for a code where an error has none: the kind of error, never its text. */
export function nameOf(error: unknown): string {
  return error instanceof Error && error.name !== 'Error' ? error.name : 'ERR_CONNECTION';
}

/** Runs steps on one database. */
export interface SqlDriver {
  /**
   * Runs the steps on one connection, and anew from the start, a few times, where another was in the way.
   *
   * @param mode - `each`: each statement stands alone; `transaction`: all or nothing
   * @throws SqlFailure
   */
  run<T>(mode: 'each' | 'transaction', steps: () => Steps<T>): MaybePromise<T>;
  /** Runs the steps beside what else is going on. Where they fail, they were not that important. */
  aside(steps: () => Steps<unknown>): void;
}

/** Runs one statement, for {@link Steps}. */
export function* step(statement: Statement): Steps<SqlResult> {
  return yield statement;
}

/** Runs the steps at once. */
export function runAtOnce<T>(steps: Steps<T>, run: (statement: Statement) => SqlResult): T {
  for (let next = steps.next(); ; ) {
    if (next.done === true) return next.value;
    let result: SqlResult;
    try {
      result = run(next.value);
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next(result);
  }
}

/** Runs the steps, waiting for each. */
export async function runWaiting<T>(steps: Steps<T>, run: (statement: Statement) => Promise<SqlResult>): Promise<T> {
  for (let next = steps.next(); ; ) {
    if (next.done === true) return next.value;
    let result: SqlResult;
    try {
      result = await run(next.value);
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next(result);
  }
}
