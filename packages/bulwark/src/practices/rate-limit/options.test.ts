import { describe, expect, it } from 'vitest';
import { decisionOf } from '../../decisions.ts';
import { ConfigError } from '../../errors.ts';
import { limit, memoryRateLimitStore, type RateLimitOptions, rateLimit } from './index.ts';

function errorOf(make: () => unknown): ConfigError {
  try {
    make();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('settings that would limit nothing, or nobody', () => {
  const LIMITS = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 'abc', '100', null, {}, () => 5];
  it.each(LIMITS)('refuses limit %j', (value) => {
    for (const key of ['limit', 'max']) {
      expect(errorOf(() => rateLimit({ [key]: value })).code).toBe('ERR_CONFIG_VALUE');
      expect(errorOf(() => limit({ [key]: value })).field).toBe('limit().limit');
    }
  });

  const WINDOWS = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 'abc', '1 fortnight', '', 999, '0s', '32d', null, {}];
  it.each(WINDOWS)('refuses window %j', (value) => {
    for (const key of ['window', 'windowMs']) {
      const error = errorOf(() => rateLimit({ [key]: value }));
      expect(error.code).toBe('ERR_CONFIG_VALUE');
      expect(error.field).toBe('rateLimit.window');
    }
  });

  it.each([
    [{ cost: 0 }, 'rateLimit.cost'],
    [{ cost: Number.NaN }, 'rateLimit.cost'],
    [{ ipv6Prefix: 128 }, 'rateLimit.ipv6Prefix'],
    [{ ipv6Prefix: 31 }, 'rateLimit.ipv6Prefix'],
    [{ key: 'url' }, 'rateLimit.key'],
    [{ key: [] }, 'rateLimit.key'],
    [{ penalty: { after: 0, block: '1m' } }, 'rateLimit.penalty.after'],
    [{ penalty: { after: 3, block: 'long' } }, 'rateLimit.penalty.block'],
    [{ penalty: { after: 3, block: 5 } }, 'rateLimit.penalty.block'],
    [{ penalty: { after: 3 } }, 'rateLimit.penalty.block'],
    [{ timeout: 'abc' }, 'rateLimit.timeout'],
    [{ name: 'my limit' }, 'rateLimit.name'],
    [{ name: 'a"b' }, 'rateLimit.name'],
    [{ name: 'a\r\nb' }, 'rateLimit.name'],
    [{ name: '' }, 'rateLimit.name'],
    [{ store: { increment: () => undefined } }, 'rateLimit.store'],
    [{ limit: 1_000_000, window: '1s' }, 'rateLimit.limit'],
  ])('refuses %j', (options, field) => {
    const error = errorOf(() => rateLimit(options as RateLimitOptions));
    expect(error.code).toBe('ERR_CONFIG_VALUE');
    expect(error.field).toBe(field);
  });

  it.each([
    [{ cost: 301 }, 'rateLimit.cost'],
    [{ key: 'account' }, 'rateLimit.account'],
    [{ account: () => 'bob' }, 'rateLimit.account'],
    [{ key: 'route' }, 'rateLimit.key'],
    [{ key: ['client', 'route'] }, 'rateLimit.key'],
    [{ dangerouslyReplaceKey: true }, 'rateLimit.dangerouslyReplaceKey'],
    [{ limit: 5, max: 6 }, 'rateLimit.limit'],
    [{ windowMs: 60_000, window: '1m' }, 'rateLimit.window'],
  ] as const)('refuses the contradiction in %j', (options, field) => {
    const error = errorOf(() => rateLimit(options));
    expect(error.code).toBe('ERR_CONFIG_CONTRADICTION');
    expect(error.field).toBe(field);
  });

  it('demands a limit of limit()', () => {
    expect(errorOf(() => limit({})).field).toBe('limit().limit');
    expect(errorOf(() => limit(undefined as never)).field).toBe('limit().limit');
  });

  it('demands a name where a store is given, and each name once in a store', () => {
    const store = memoryRateLimitStore();
    expect(errorOf(() => rateLimit({ store })).field).toBe('rateLimit.name');
    rateLimit({ store, name: 'api' });
    expect(errorOf(() => limit({ limit: 5, store, name: 'api' })).code).toBe('ERR_CONFIG_CONTRADICTION');
    limit({ limit: 5, store, name: 'login' });
    limit({ limit: 5, store: memoryRateLimitStore(), name: 'api' });
  });

  it('names the known settings for an unknown one', () => {
    const error = errorOf(() => rateLimit({ windw: '1m' } as RateLimitOptions));
    expect(error.code).toBe('ERR_CONFIG_UNKNOWN_KEY');
    expect(error.message).toContain('did you mean "window"?');
    expect(errorOf(() => rateLimit({ countOnly: 'failures' } as RateLimitOptions)).code).toBe('ERR_CONFIG_UNKNOWN_KEY');
  });
});

describe('settings of express-rate-limit', () => {
  it('understands those that mean the same', () => {
    const handler = limit({ windowMs: 900_000, max: 100, standardHeaders: true, legacyHeaders: false });
    expect(decisionOf(handler)?.summary).toBe('100 per 15m by client');
    rateLimit({ windowMs: 60_000, limit: 5, standardHeaders: 'draft-8' });
  });

  it.each([
    ['keyGenerator', () => 'x', 'key: (req)'],
    ['skip', () => true, "exempt('rate-limit'"],
    ['skipFailedRequests', true, 'failed requests count'],
    ['skipSuccessfulRequests', true, "countOnly: 'failures'"],
    ['requestWasSuccessful', () => true, 'refund(req)'],
    ['handler', () => undefined, 'error handler'],
    ['message', 'slow down', 'error handler'],
    ['statusCode', 503, '429'],
    ['legacyHeaders', true, 'X-RateLimit'],
    ['standardHeaders', false, 'headers: false'],
    ['standardHeaders', 'draft-6', 'current form'],
    ['ipv6Subnet', 64, 'ipv6Prefix'],
    ['identifier', 'x', 'name'],
    ['passOnStoreError', true, 'takes over'],
    ['requestPropertyName', 'limit', 'RateLimit header'],
    ['validate', false, 'always checked'],
    ['logger', console, 'events'],
  ])('refuses %s: %j with a sentence', (key, value, part) => {
    const error = errorOf(() => rateLimit({ [key]: value }));
    expect(error.code).toBe('ERR_CONFIG_UNKNOWN_KEY');
    expect(error.field).toBe(`rateLimit.${key}`);
    expect(error.fix).toContain(part);
  });
});

describe('the decision of limit()', () => {
  const account = (): string => 'bob';
  it.each([
    [{ limit: 10 }, '10 per 1m by client', 'gate'],
    [{ limit: 5, window: '15m', countOnly: 'failures' }, '5 per 15m by client, failures only', 'gate'],
    [{ limit: 5, window: '90s', key: 'route' }, '5 per 90s by route', 'gate'],
    [{ limit: 5, window: 1500, key: ['account', 'client'], account }, '5 per 1500ms by account and client', 'route'],
    [{ limit: 5, window: '2d', key: 'account', account, at: 'gate' }, '5 per 2d by account', 'gate'],
    [{ limit: 5, window: '1h', key: () => 'x', at: 'route' }, '5 per 1h by a function and client', 'route'],
  ] as const)('says what %j is', (options, summary, at) => {
    const decision = decisionOf(limit({ name: 'x', ...options }));
    expect(decision).toMatchObject({ practice: 'rate-limit', kind: 'requirement', summary, value: { name: 'x', at } });
  });

  it('gives each unnamed limit a name of its own', () => {
    const names = [limit({ limit: 1 }), limit({ limit: 1 })].map(
      (handler) => (decisionOf(handler)?.value as { name?: string } | undefined)?.name,
    );
    expect(new Set(names).size).toBe(2);
  });
});
