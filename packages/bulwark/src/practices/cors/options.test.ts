import { describe, expect, it } from 'vitest';
import { decisionOf } from '../../decisions.ts';
import { ConfigError } from '../../errors.ts';
import { type CorsAllowOptions, cors, listedOrigins } from './index.ts';

function errorOf(make: () => unknown): ConfigError {
  try {
    make();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('settings that cors refuses at construction', () => {
  it.each<[string, object, string, string, RegExp]>([
    ['a wildcard', { origins: ['*'] }, 'ERR_CONFIG_ORIGIN', 'cors.origins[0]', /dangerouslyAnyOrigin/],
    ['a wildcard under the old name', { origin: '*' }, 'ERR_CONFIG_ORIGIN', 'cors.origin', /list each origin/],
    [
      'a wildcard with cookies',
      { origin: '*', credentials: true },
      'ERR_CONFIG_CONTRADICTION',
      'cors.origin',
      /logged-in user/,
    ],
    [
      'any origin with cookies',
      { dangerouslyAnyOrigin: true, credentials: true },
      'ERR_CONFIG_CONTRADICTION',
      'cors.dangerouslyAnyOrigin',
      /logged-in user/,
    ],
    ['reflection', { origin: true }, 'ERR_CONFIG_ORIGIN', 'cors.origin', /in disguise.*list each origin/],
    ['false', { origin: false }, 'ERR_CONFIG_ORIGIN', 'cors.origin', /not a list/],
    ['a function', { origin: () => true }, 'ERR_CONFIG_ORIGIN', 'cors.origin', /function.*list each origin/],
    ['a function in the list', { origins: [() => true] }, 'ERR_CONFIG_ORIGIN', 'cors.origins[0]', /function/],
    ['a pattern', { origin: /example\.com$/ }, 'ERR_CONFIG_ORIGIN', 'cors.origin', /regular expression/],
    [
      'a pattern in the list',
      { origins: [/example\.com$/] },
      'ERR_CONFIG_ORIGIN',
      'cors.origins[0]',
      /regular expression/,
    ],
    ['null', { origins: ['null'] }, 'ERR_CONFIG_ORIGIN', 'cors.origins[0]', /sandboxed/],
    ['a wildcard port', { origins: ['http://localhost:*'] }, 'ERR_CONFIG_ORIGIN', 'cors.origins[0]', /wildcard/],
    ['a wildcard host', { origins: ['https://*.example'] }, 'ERR_CONFIG_ORIGIN', 'cors.origins[0]', /wildcard/],
    [
      'a slash at the end',
      { origins: ['https://a.example/'] },
      'ERR_CONFIG_ORIGIN',
      'cors.origins[0]',
      /'https:\/\/a\.example'/,
    ],
    ['a number', { origins: [1] }, 'ERR_CONFIG_ORIGIN', 'cors.origins[0]', /not an origin/],
    [
      'an own origin with a path',
      { ownOrigins: ['https://a.example/x'] },
      'ERR_CONFIG_ORIGIN',
      'cors.ownOrigins[0]',
      /path/,
    ],
    [
      'both names',
      { origin: 'https://a.example', origins: [] },
      'ERR_CONFIG_CONTRADICTION',
      'cors.origin',
      /cors\.origins/,
    ],
    [
      'a preflight that reaches the app',
      { preflightContinue: true },
      'ERR_CONFIG_VALUE',
      'cors.preflightContinue',
      /policy answers it/,
    ],
    ['a misspelt name', { allowHeaders: [] }, 'ERR_CONFIG_UNKNOWN_KEY', 'cors.allowHeaders', /allowedHeaders/],
    ['a method that pages cannot send', { methods: ['GET', 'trace'] }, 'ERR_CONFIG_VALUE', 'cors.methods', /TRACE/],
    ['any header', { allowedHeaders: '*' }, 'ERR_CONFIG_VALUE', 'cors.allowedHeaders', /without wildcards/],
    [
      'a header that is none',
      { exposedHeaders: ['X-A', 'a b'] },
      'ERR_CONFIG_VALUE',
      'cors.exposedHeaders[1]',
      /"a b"/,
    ],
    ['an unreadable time', { maxAge: 'long' }, 'ERR_CONFIG_VALUE', 'cors.maxAge', /duration/],
    ['a negative time', { maxAge: -1 }, 'ERR_CONFIG_VALUE', 'cors.maxAge', /-1/],
  ])('%s', (_name, options, code, field, message) => {
    const error = errorOf(() => cors(options));
    expect(error).toMatchObject({ code, field });
    expect(error.message).toMatch(message);
  });

  it.each<[string, object, string]>([
    ['nothing', {}, 'ERR_CONFIG_VALUE'],
    ['a wildcard', { origins: ['*'] }, 'ERR_CONFIG_ORIGIN'],
    ['any origin with cookies', { dangerouslyAnyOrigin: true, credentials: true }, 'ERR_CONFIG_CONTRADICTION'],
    ['any origin, half said', { dangerouslyAnyOrigin: false }, 'ERR_CONFIG_VALUE'],
    ['what a route cannot set', { methods: ['GET'], origins: ['https://a.example'] }, 'ERR_CONFIG_UNKNOWN_KEY'],
  ])('cors.allow() of %s', (_name, options, code) => {
    expect(errorOf(() => cors.allow(options as CorsAllowOptions)).code).toBe(code);
  });
});

describe('settings that cors takes', () => {
  it('under the names of the cors package', () => {
    const options = {
      origin: 'https://a.example',
      methods: 'GET,PUT',
      allowedHeaders: '',
      optionsSuccessStatus: 200,
    } as const;
    expect(() => cors({ ...options, preflightContinue: false, maxAge: 0 })).not.toThrow();
  });

  it('lists the foreign origins, as browsers write them', () => {
    const origins = ['https://Bücher.example:443', 'http://localhost:3000'];
    expect(listedOrigins({ origins, ownOrigins: ['https://shop.example'] })).toEqual([
      'https://xn--bcher-kva.example',
      'http://localhost:3000',
    ]);
    expect(listedOrigins({})).toEqual([]);
  });

  it('says in the coverage what a route allows', () => {
    const summary = (options: CorsAllowOptions): string | undefined => decisionOf(cors.allow(options))?.summary;
    expect(summary({ dangerouslyAnyOrigin: true })).toBe('any origin');
    expect(summary({ origins: ['https://a.example', 'https://b.example'] })).toBe(
      'https://a.example, https://b.example',
    );
    expect(summary({ origin: 'https://a.example', credentials: true })).toBe('https://a.example with cookies');
  });
});
