import { describe, expect, it } from 'vitest';
import { ConfigError, type Policy, secure } from '../src/index.ts';
import { PRACTICE_IDS } from '../src/pipeline.ts';
import { PRACTICE_KEYS, readPolicy } from '../src/policy.ts';
import { EXPRESS } from './support/http.ts';

const ORIGIN = 'https://shop.example';
const [, express] = EXPRESS[1];

/** What `secure()` says to a policy, in production unless the policy says otherwise. */
function refusal(policy: unknown): ConfigError {
  try {
    secure(express(), { mode: 'production', ...(policy as Policy) });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`the policy was taken: ${JSON.stringify(policy)}`);
}

describe('a policy', () => {
  it.each<[string, unknown, string, RegExp]>([
    ['no origins', {}, 'ERR_CONFIG_VALUE', /origins: .*secure\(app, \{ origins/],
    ['an empty list', { origins: [] }, 'ERR_CONFIG_VALUE', /origins/],
    [
      'an unknown key',
      { origins: ORIGIN, header: {} },
      'ERR_CONFIG_UNKNOWN_KEY',
      /header: .*did you mean "headers".*rateLimit/,
    ],
    [
      'an unknown key inside',
      { origins: ORIGIN, rateLimit: { limt: 3 } },
      'ERR_CONFIG_UNKNOWN_KEY',
      /rateLimit\.limt.*"limit"/,
    ],
    ['an origin with a path', { origins: `${ORIGIN}/shop` }, 'ERR_CONFIG_ORIGIN', /write 'https:\/\/shop\.example'/],
    ['an origin with a slash', { origins: `${ORIGIN}/` }, 'ERR_CONFIG_ORIGIN', /slash/],
    ['a wildcard', { origins: 'https://*.example' }, 'ERR_CONFIG_ORIGIN', /wildcard/],
    ['http in production', { origins: 'http://shop.example' }, 'ERR_CONFIG_CONTRADICTION', /plain HTTP.*https:\/\//],
    [
      '* with credentials',
      { origins: ORIGIN, cors: { origins: ['*'], credentials: true } },
      'ERR_CONFIG_CONTRADICTION',
      /cors/,
    ],
    ['trust proxy: true', { origins: ORIGIN, proxy: true }, 'ERR_CONFIG_TRUST_PROXY', /proxy/],
    [
      'a proxy of every address',
      { origins: ORIGIN, proxy: { cidrs: ['0.0.0.0/0'] } },
      'ERR_CONFIG_TRUST_PROXY',
      /proxy/,
    ],
    [
      'a limit that is no number',
      { origins: ORIGIN, rateLimit: { limit: Number.NaN } },
      'ERR_CONFIG_VALUE',
      /rateLimit\.limit/,
    ],
    [
      'a window that is no duration',
      { origins: ORIGIN, rateLimit: { window: 'soon' } },
      'ERR_CONFIG_VALUE',
      /rateLimit\.window/,
    ],
    ['a size that is no size', { origins: ORIGIN, input: { json: { limit: 'abc' } } }, 'ERR_CONFIG_VALUE', /input/],
    ['an unknown date', { origins: ORIGIN, defaults: '2020-01' }, 'ERR_CONFIG_VALUE', /defaults/],
    ['an unknown mode', { origins: ORIGIN, mode: 'staging' }, 'ERR_CONFIG_VALUE', /mode/],
    ['an unknown practice in monitor', { origins: ORIGIN, monitor: ['crsf'] }, 'ERR_CONFIG_VALUE', /monitor/],
    [
      'no-referrer where only Origin is checked',
      { origins: ORIGIN, headers: { referrerPolicy: 'no-referrer' }, csrf: { fetchMetadata: false } },
      'ERR_CONFIG_CONTRADICTION',
      /referrerPolicy.*Origin: null/,
    ],
    [
      'a Permissions-Policy that breaks passkeys',
      { origins: ORIGIN, headers: { permissionsPolicy: { 'publickey-credentials-get': [] } } },
      'ERR_CONFIG_CONTRADICTION',
      /passkey/i,
    ],
  ])('with %s is refused', (_name, policy, code, message) => {
    const error = refusal(policy);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.fix.length).toBeGreaterThan(5);
  });

  it('repeats no secret that was given as plain text', () => {
    const secret = 'hunter2-hunter2-hunter2-hunter2';
    const error = refusal({ origins: ORIGIN, stores: { memory: true }, tokens: { encryptionKey: secret } });
    expect(error.field).toBe('tokens.encryptionKey');
    expect(error.message).not.toContain('hunter2');
  });

  it('takes one origin or several, and says which practices are off', () => {
    expect(readPolicy({ origins: 'HTTPS://Shop.Example:443' }).origins).toEqual([ORIGIN]);
    const policy = readPolicy({ origins: [ORIGIN, 'https://admin.example'], rateLimit: false });
    expect(policy.origins).toHaveLength(2);
    expect([...policy.off]).toEqual(['rate-limit']);
  });

  it('is for production unless NODE_ENV says one of the others exactly', () => {
    const before = process.env.NODE_ENV;
    try {
      for (const [environment, mode] of [
        ['development', 'development'],
        ['test', 'test'],
        ['staging', 'production'],
        ['Development', 'production'],
        ['', 'production'],
      ] as const) {
        process.env.NODE_ENV = environment;
        expect(readPolicy({ origins: ORIGIN }).mode).toBe(mode);
      }
    } finally {
      process.env.NODE_ENV = before;
    }
  });

  it('has a key for each practice, and each can be turned off', () => {
    for (const id of PRACTICE_IDS) {
      const gate = secure(express(), { origins: ORIGIN, mode: 'production', [PRACTICE_KEYS[id]]: false });
      expect([...gate.policy.off]).toEqual([id]);
    }
  });
});
