import { Refusal } from '../errors.ts';
import type { Emit } from '../events.ts';
import type { PracticeId } from '../pipeline.ts';
import { isPromise } from './maybe-promise.ts';
import type { MaybePromise } from './record-store.ts';

/** How an outage is recognised and ended. */
export interface OutageOptions {
  /** Milliseconds that the store has for an answer; default 250. */
  readonly timeout?: number;
  /** Milliseconds between two probes of a store that is down; default 1000. */
  readonly retry?: number;
  /** A monotonic clock, milliseconds; default `performance.now`. */
  readonly clock?: () => number;
}

/** What is said, in one event each, when a store goes down and when it is used again. */
export interface OutageWords {
  /** Whose events they are. */
  readonly practice: PracticeId;
  readonly down: string;
  readonly up: string;
}

/** Stands between the callers and one connection, whatever they ask it for. */
export interface Breaker {
  /** True from the first failure until a probe is answered in time: nobody waits for the store meanwhile. */
  readonly isDown: boolean;
  /**
   * Asks, and waits `timeout` at most. A store that fails is down from then on, and `otherwise` answers.
   *
   * @param checked - returns a readable answer, and throws for nonsense
   */
  attempt<T>(
    ask: () => MaybePromise<T>,
    checked: (answer: T) => T,
    otherwise: (error: unknown) => MaybePromise<T>,
  ): MaybePromise<T>;
  /** While it is down and a probe is due: asks without anybody waiting. Only one probe is under way at a time. */
  probe<T>(ask: () => MaybePromise<T>, checked: (answer: T) => T): void;
  /** Says that it failed elsewhere, at its start for example. */
  trip(error: unknown): void;
  /** From now on nothing is said: what fails after the end is no outage. */
  end(): void;
}

/**
 * Leaves a store alone that throws, rejects, answers nonsense or takes longer than `timeout`; asks it again once in
 * `retry` milliseconds, and uses it again when it answers that in time. One event for each change.
 *
 * A call that takes too long while others are answered in time fails alone: the store is busy, and not out of reach.
 * What was asked before the last change no longer counts: answers that come late, in whatever number, neither bring a
 * store back nor take it down again.
 *
 * @param services - `emit` is read when an event is sent
 * @see https://cwe.mitre.org/data/definitions/636.html, ASVS 5.0 16.5.2
 * @example const breaker = createBreaker({ emit }, { practice: 'sessions', down: 'the store is out of reach', up: 'the store answers again' })
 */
export function createBreaker(
  services: { readonly emit: Emit },
  words: OutageWords,
  options: OutageOptions = {},
): Breaker {
  const { timeout = 250, retry = 1000, clock = monotonic } = options;
  let retryAt: number | undefined;
  let isProbing = false;
  let hasEnded = false;
  /** Counts the answers that came in time. */
  let answers = 0;
  /** Counts the changes. */
  let era = 0;

  function fail(error: unknown, askedIn: number): void {
    // What the store refuses itself is an answer.
    if (askedIn !== era || hasEnded || error instanceof Refusal) return;
    const isNew = retryAt === undefined;
    retryAt = clock() + retry;
    if (!isNew) return;
    era++;
    // Not the message: drivers put their address, and some its password, into it.
    say('CRITICAL', words.down, { error: nameOfError(error) });
  }

  function heal(): void {
    if (retryAt === undefined || hasEnded) return;
    retryAt = undefined;
    era++;
    say('INFO', words.up);
  }

  function say(level: 'CRITICAL' | 'INFO', description: string, details?: Readonly<Record<string, unknown>>): void {
    const event = { event: 'sys_error', level, practice: words.practice, description } as const;
    services.emit(details === undefined ? event : { ...event, details });
  }

  function bounded<T>(ask: () => MaybePromise<T>, checked: (answer: T) => T): MaybePromise<T> {
    const answer = ask();
    return isPromise(answer) ? within(answer.then(checked), timeout) : checked(answer);
  }

  return {
    get isDown() {
      return retryAt !== undefined;
    },
    attempt(ask, checked, otherwise) {
      const askedIn = era;
      const before = answers;
      const failed = (error: unknown): ReturnType<typeof otherwise> => {
        // It has answered others meanwhile: it is there, and this one waited behind them, which a burst can bring about.
        const isBusy = isTimeout(error) && answers !== before;
        if (!isBusy) fail(error, askedIn);
        return otherwise(error);
      };
      let answer: ReturnType<typeof ask>;
      try {
        answer = bounded(ask, checked);
      } catch (error) {
        return failed(error);
      }
      if (!isPromise(answer)) return answer;
      return answer.then((inTime) => {
        answers++;
        return inTime;
      }, failed);
    },
    probe(ask, checked) {
      if (retryAt === undefined || isProbing || clock() < retryAt) return;
      isProbing = true;
      const failed = (error: unknown): void => {
        isProbing = false;
        fail(error, era);
      };
      const answered = (): void => {
        isProbing = false;
        heal();
      };
      try {
        const answer = bounded(ask, checked);
        if (isPromise(answer)) answer.then(answered, failed);
        else answered();
      } catch (error) {
        failed(error);
      }
    },
    trip: (error) => fail(error, era),
    end: () => {
      hasEnded = true;
    },
  };
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

function monotonic(): number {
  return performance.now();
}

/**
 * The same promise, for `timeout` milliseconds at most.
 *
 * So long the process is kept alive: a connection to a store does not keep it, and who waits for a store before anything
 * listens would find the process ended.
 */
export function within<T>(promise: Promise<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new DOMException(`no answer within ${timeout} ms`, 'TimeoutError')), timeout);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** What may be said of a driver's error: its code, the word that Redis begins its errors with, or the error's name. */
export function nameOfError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code)) return code;
  return /^[A-Z]{3,30}(?= )/.exec(error.message)?.[0] ?? error.name;
}
