import type { MaybePromise } from './record-store.ts';

/** True for what has to be waited for. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === 'function';
}

/** Goes on with an answer, at once where it is there. */
export function whenDone<T, R>(answer: MaybePromise<T>, then: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(answer) ? answer.then(then) : then(answer);
}
