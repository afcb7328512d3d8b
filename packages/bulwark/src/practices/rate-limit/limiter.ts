import type { IncomingMessage, ServerResponse } from 'node:http';
import { ALONE, beforeHead, type Handler, type Next, type Services } from '../../context.ts';
import { ConfigError, Refusal } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { interval } from '../../stores/gcra.ts';
import { hasFallback } from '../../stores/limits-fallback.ts';
import { isPromise } from '../../stores/maybe-promise.ts';
import { memoryRateLimitStore } from '../../stores/memory-rate-limit.ts';
import type { RateLimitResult, RateLimitRule, RateLimitStore } from '../../stores/rate-limit-store.ts';
import { parseDuration } from '../../units.ts';
import { withFallback } from './fallback.ts';
import { compileKey } from './key.ts';
import type { ResolvedRateLimitOptions } from './options.ts';
import { type Applied, type Asked, appliedBy, type RateLimitRecord, recordOf, respond } from './record.ts';

/** A limit, ready to be enforced. */
export interface Limiter {
  readonly name: string;
  readonly rule: RateLimitRule;
  /** For the coverage: `10 per 1m by client`. */
  readonly summary: string;
  /** Where it is counted. */
  readonly at: 'gate' | 'route';
  /** Counts a request, once however often it is met. */
  readonly enforce: Handler;
  /**
   * Sends the question of {@link Limiter.enforce} ahead, so that a shared store is asked for several limits in one round
   * trip. Returns what takes it back where the limit did not get its turn; undefined where nothing was sent.
   */
  readonly ask: (req: IncomingMessage) => (() => void) | undefined;
}

const MINUTE = 60_000;
const LONGEST_WINDOW = 31 * 24 * 60 * MINUTE;
const LONGEST_BLOCK = 365 * 24 * 60 * MINUTE;
/** Beyond it the interval between two units could not be told in microseconds with any accuracy. */
const HIGHEST_RATE = 100;

/** Checks what the schema cannot, and computes everything that does not depend on a request. */
export function createLimiter(
  options: ResolvedRateLimitOptions,
  field: string,
  isRoute: boolean,
  name: string,
  services: Services = ALONE,
): Limiter {
  const rule = ruleOf(options, field);
  const cost = costOf(options.cost, rule, field);
  const key = compileKey(options, field, isRoute);
  const timeout = parseDuration(options.timeout, `${field}.timeout`);
  const headers = options.headers ?? key.hasClient;
  const { countOnly, now } = options;
  const perUnit = interval(rule) / 1000;
  const policy = `"${name}";q=${rule.limit};w=${Math.ceil(rule.window / 1000)}`;
  const reason = `limit "${name}" is used up`;
  const extensions = { 'violated-policies': [name] };
  let memory: RateLimitStore | undefined;

  if (options.store !== undefined) claim(options.store, name, field);

  function storeFor(inGate: Services | undefined): RateLimitStore {
    const { rateLimitStore: shared, emit } = inGate ?? services;
    const store = options.store ?? shared;
    if (store !== undefined) return reliable(store, timeout, emit);
    memory ??= memoryRateLimitStore();
    return memory;
  }

  function refusalOf(result: RateLimitResult): Refusal {
    return new Refusal('ERR_RATE_LIMIT', {
      reason: result.blocked ? `${reason}, and it was exceeded too often` : reason,
      headers: { 'Retry-After': String(Math.max(1, Math.ceil(result.retryAfter / 1000))) },
      extensions,
    });
  }

  function consume(req: IncomingMessage, store: RateLimitStore): Asked {
    const at = now();
    const units = typeof cost === 'number' ? cost : wholeUnits(cost(req), name);
    const id = `${name}|${key.of(req)}`;
    return { store, id, units, at, answer: store.consume(id, units, rule, at) };
  }

  function ask(req: IncomingMessage): (() => void) | undefined {
    const record = recordOf(req);
    if (record.asked?.has(enforce) || appliedBy(record, enforce) !== undefined) return undefined;
    const store = storeFor(record.services);
    // One of this process answers at once. What is not the client's alone must not be held even for a moment by one who is
    // refused: he would keep others out. The app's own functions may expect that the limits before have let pass.
    if (store.local === true || !key.isClient || typeof cost !== 'number') return undefined;
    const asked = consume(req, store);
    record.asked ??= new Map();
    record.asked.set(enforce, asked);
    // Waited for by nobody where a limit before refuses.
    if (isPromise(asked.answer)) asked.answer.catch(() => undefined);
    return () => {
      if (record.asked?.get(enforce) !== asked) return;
      record.asked.delete(enforce);
      void takeBack(asked);
    };
  }

  async function takeBack({ store, id, units, answer }: Asked): Promise<void> {
    try {
      const result = await answer;
      if (result.allowed) await store.refund(id, units, rule, now(), result);
    } catch {
      // What cannot be given back stays counted.
    }
  }

  function enforce(req: IncomingMessage, res: ServerResponse, next: Next): void {
    const record = recordOf(req);
    const counted = appliedBy(record, enforce);
    // Counted already; but a refusal that an error handler has swallowed stays one.
    if (counted !== undefined) return next(counted.result.allowed ? undefined : refusalOf(counted.result));
    if (!record.isHooked) {
      record.isHooked = true;
      beforeHead(req, res, respond);
    }
    let asked: Asked;
    try {
      asked = record.asked?.get(enforce) ?? consume(req, storeFor(record.services));
      record.asked?.delete(enforce);
    } catch (error) {
      // An app's own key or cost function failed: the request does not pass uncounted.
      return next(error);
    }
    const { answer } = asked;
    if (isPromise(answer)) answer.then((result) => finish(record, asked, result, next), next);
    else finish(record, asked, answer, next);
  }

  function finish(record: RateLimitRecord, asked: Asked, result: RateLimitResult, next: Next): void {
    const mayGiveBack = countOnly === 'failures' && result.allowed;
    const applied: Applied = {
      by: enforce,
      name,
      policy: headers ? policy : undefined,
      limit: rule.limit,
      result,
      giveBack: mayGiveBack ? () => giveBack(asked, result) : undefined,
    };
    record.applied.push(applied);
    next(result.allowed ? undefined : refusalOf(result));
  }

  function giveBack({ store, id, units, at }: Asked, result: RateLimitResult): void | Promise<void> {
    // What has trickled back since must not be given twice, or slow answers would raise the limit.
    const rest = units - (now() - at) / perUnit;
    if (rest > 0) return store.refund(id, rest, rule, now(), result);
  }

  const summary = `${rule.limit} per ${spell(rule.window)} by ${key.summary}${countOnly === undefined ? '' : ', failures only'}`;
  return { name, rule, summary, at: options.at ?? (key.hasAccount ? 'route' : 'gate'), enforce, ask };
}

function ruleOf({ limit, window, penalty }: ResolvedRateLimitOptions, field: string): RateLimitRule {
  const ms = within(parseDuration(window, `${field}.window`), 1000, LONGEST_WINDOW, `${field}.window`, '1s to 31d');
  if (limit / ms > HIGHEST_RATE) {
    throw invalid(`${field}.limit`, `${limit} in ${spell(ms)} is more than 100 a millisecond`, 'write a lower limit');
  }
  if (penalty === false) return { limit, window: ms };
  const blockField = `${field}.penalty.block`;
  const block = within(parseDuration(penalty.block, blockField), 1000, LONGEST_BLOCK, blockField, '1s to 365d');
  return { limit, window: ms, penalty: { after: penalty.after, block } };
}

function costOf(cost: ResolvedRateLimitOptions['cost'], rule: RateLimitRule, field: string): typeof cost {
  if (typeof cost === 'function' || cost <= rule.limit) return cost;
  throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
    field: `${field}.cost`,
    message: `a cost of ${cost} is more than the limit of ${rule.limit}: no request would ever pass`,
    fix: 'write a lower cost or a higher limit',
  });
}

/** A cost that is no number must not become a free request. */
function wholeUnits(cost: unknown, name: string): number {
  if (typeof cost === 'number' && Number.isFinite(cost) && cost >= 0) return Math.ceil(cost);
  throw new TypeError(`the cost function of the limit "${name}" returned ${String(cost)}, not a number from 0`);
}

function within(value: number, min: number, max: number, field: string, range: string): number {
  if (value >= min && value <= max) return value;
  throw invalid(field, `${spell(value)} is out of range`, `write a duration from ${range}`);
}

function invalid(field: string, message: string, fix: string): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', { field, message, fix });
}

/** `90000` as `90s`, `60000` as `1m`. */
function spell(ms: number): string {
  const units: [string, number][] = [
    ['d', 24 * 60 * MINUTE],
    ['h', 60 * MINUTE],
    ['m', MINUTE],
    ['s', 1000],
  ];
  const unit = units.find(([, size]) => ms >= size && ms % size === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`;
}

const claimed = new WeakMap<RateLimitStore, Set<string>>();

/** Two limits of one name in one store would be one limit that counts twice. */
function claim(store: RateLimitStore, name: string, field: string): void {
  const names = claimed.get(store) ?? new Set();
  claimed.set(store, names);
  if (names.has(name)) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: `${field}.name`,
      message: `another limit in this store is called "${name}": requests would be counted twice`,
      fix: 'name each limit, or use the one limit() in several routes to let them share it',
    });
  }
  names.add(name);
}

const reliableStores = new WeakMap<RateLimitStore, { readonly store: RateLimitStore; emit: Emit }>();

/** One fallback for each store, whichever limits use it: one outage is one event. */
function reliable(store: RateLimitStore, timeout: number, emit: Emit): RateLimitStore {
  if (store.local === true || hasFallback(store)) return store;
  const known = reliableStores.get(store);
  if (known !== undefined) {
    known.emit = emit;
    return known.store;
  }
  const services = { emit };
  reliableStores.set(store, Object.assign(services, { store: withFallback(store, services, { timeout }) }));
  return reliable(store, timeout, emit);
}
