import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Container, isContainer, reachesPrototype, valueAt } from './containers.ts';
import type { Check } from './schemas.ts';

/** Where a field lies: keys from the outside in. */
export type Path = readonly string[];

/** A key of the input that the output does not have at the same place. */
interface Missing {
  readonly owner: Container;
  readonly key: string;
  readonly path: Path;
}

/**
 * The fields of an input that its schema does not know. Standard Schema has no notion of them, so it is found out:
 *
 * 1. A key that the output has at the same place is known. For most requests that is all of them, and the end.
 * 2. Another was dropped, or renamed by a transform. Which of the two shows in whether the schema reads it: a copy is
 *    validated once more, wrapped in proxies that record what is read. What was never read is unknown.
 *
 * Direction open: a key is taken for known that the schema reads without declaring it (a transform that spreads its
 * input, the branch of a union that did not fit). Reason: from outside the two cannot be told apart. Mitigation: it does
 * not matter for what handlers see, which is the schema's output in any case; such a field is dropped, not refused.
 *
 * @param output - what the schema made of the input
 * @returns the paths, outermost first; those of a key that is unknown as a whole are not followed further
 * @example findUnknown({ a: 1, role: 'admin' }, { a: 1 }, check) // [['role']]
 */
export function findUnknown(input: unknown, output: unknown, check: Check): readonly Path[] | Promise<readonly Path[]> {
  const missing: Missing[] = [];
  compare(input, output, [], missing);
  if (missing.length === 0) return NONE;
  const recorder = new Recorder();
  let again: ReturnType<Check>;
  try {
    again = check(recorder.wrap(input));
  } catch {
    return pathsOf(missing);
  }
  const judge = (result: StandardSchemaV1.Result<unknown>): readonly Path[] => {
    // A schema that answers the same data in another way cannot be asked: then what is missing is unknown.
    if (result.issues !== undefined) return pathsOf(missing);
    const kept = containersIn(output);
    return missing.flatMap((item) => unread(item, recorder, kept));
  };
  return isThenable(again) ? Promise.resolve(again).then(judge, () => pathsOf(missing)) : judge(again);
}

const NONE: readonly Path[] = [];

function pathsOf(missing: readonly Missing[]): readonly Path[] {
  return missing.map(({ path }) => path);
}

function compare(input: unknown, output: unknown, path: string[], missing: Missing[]): void {
  if (input === output || !isContainer(input)) return;
  for (const key of Object.keys(input)) {
    const value = valueAt(input, key);
    // Express 4 gives an optional parameter that is not there the value undefined.
    if (value === undefined) continue;
    path.push(key);
    const isThere = isContainer(output) && Array.isArray(input) === Array.isArray(output) && Object.hasOwn(output, key);
    if (!isThere) missing.push({ owner: input, key, path: [...path] });
    else if (isContainer(valueAt(output, key))) compare(value, valueAt(output, key), path, missing);
    else missing.push(...within(value, path));
    path.pop();
  }
}

/** What lies within a value that became something else than an object or a list. */
function within(value: unknown, path: Path): Missing[] {
  if (!isContainer(value)) return [];
  return Object.keys(value).map((key) => ({ owner: value, key, path: [...path, key] }));
}

function unread({ owner, key, path }: Missing, recorder: Recorder, kept: ReadonlySet<object>): readonly Path[] {
  if (kept.has(owner)) return NONE;
  const value = valueAt(owner, key);
  if (reachesPrototype(key, value) || !recorder.hasRead(owner, key)) return [path];
  return within(value, path).flatMap((inner) => unread(inner, recorder, kept));
}

/** Hands out copies of data that record which of their keys are read. */
class Recorder {
  readonly #read = new Map<object, Set<PropertyKey> | 'all'>();
  readonly #wrapped = new Map<object, object>();

  hasRead(owner: object, key: string): boolean {
    const read = this.#read.get(owner);
    return read === 'all' || read?.has(key) === true;
  }

  wrap(value: unknown): unknown {
    if (!isContainer(value)) return value;
    const known = this.#wrapped.get(value);
    if (known !== undefined) return known;
    // A copy, because a proxy must show what is frozen in its target as it is.
    const copy: object = Array.isArray(value) ? Array.from<unknown>(value) : { ...(value as object) };
    const note = (key: PropertyKey): void => {
      const read = this.#read.get(value) ?? new Set();
      if (read !== 'all') this.#read.set(value, read.add(key));
    };
    const proxy = new Proxy(copy, {
      get: (target, key, receiver) => {
        note(key);
        const inner: unknown = Reflect.get(target, key, receiver);
        return Object.hasOwn(target, key) ? this.wrap(inner) : inner;
      },
      has: (target, key) => {
        note(key);
        return Reflect.has(target, key);
      },
      ownKeys: (target) => {
        this.#read.set(value, 'all');
        return Reflect.ownKeys(target);
      },
    });
    this.#wrapped.set(value, proxy);
    return proxy;
  }
}

/** The objects that an output holds, so that a part of the input which was handed on as it is counts as known. */
function containersIn(output: unknown): ReadonlySet<object> {
  const found = new Set<object>();
  const queue: unknown[] = [output];
  while (queue.length > 0) {
    const value = queue.pop();
    if (typeof value !== 'object' || value === null || found.has(value) || ArrayBuffer.isView(value)) continue;
    found.add(value);
    for (const inner of Object.values(value)) queue.push(inner);
  }
  return found;
}

/** Whether a schema answers later. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>> | null | undefined)?.then === 'function';
}
