/** No row. */
export const NONE = -1;

/** Rows that there is room for at first. */
const FIRST = 64;

/**
 * Records as rows of columns. An object for each, with its boxed numbers, would take twice as much beside the texts.
 *
 * @example
 * const rows = new Rows(100_000)
 * const row = rows.take()
 * rows.keys[row] = 'session:1'
 * rows.give(row)
 */
export class Rows {
  readonly keys: string[] = [];
  readonly values: string[] = [];
  readonly owners: (string | undefined)[] = [];
  /** Numbers, and times in milliseconds. */
  versions: Float64Array = new Float64Array(0);
  expiries: Float64Array = new Float64Array(0);
  /** The index of a row in the list that it is in. */
  slots: Uint32Array = new Uint32Array(0);
  /** Its neighbours among the rows of its owner. */
  previous: Int32Array = new Int32Array(0);
  next: Int32Array = new Int32Array(0);
  readonly #most: number;
  readonly #free: number[] = [];

  /** @param most - how many rows there can be; who takes more gets rows that keep no numbers */
  constructor(most: number) {
    this.#most = most;
  }

  /** A row that is free. */
  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const row = this.keys.length;
    if (row === this.versions.length) this.#grow(Math.min(this.#most, Math.max(FIRST, 2 * row)));
    this.keys.push('');
    this.values.push('');
    this.owners.push(undefined);
    return row;
  }

  /** Frees a row, and what it held. */
  give(row: number): void {
    this.keys[row] = '';
    this.values[row] = '';
    this.owners[row] = undefined;
    this.#free.push(row);
  }

  #grow(size: number): void {
    this.versions = longer(new Float64Array(size), this.versions);
    this.expiries = longer(new Float64Array(size), this.expiries);
    this.slots = longer(new Uint32Array(size), this.slots);
    this.previous = longer(new Int32Array(size), this.previous);
    this.next = longer(new Int32Array(size), this.next);
  }
}

function longer<T extends Float64Array | Uint32Array | Int32Array>(empty: T, filled: T): T {
  empty.set(filled);
  return empty;
}
