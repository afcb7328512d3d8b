import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import type { EnvOptions } from './env.ts';
import { EnvironmentError, type EnvironmentProblem, env, Secret, type SecretList } from './index.ts';

const GOOD = '8d1f0c7b5e9a42638e0d7c1b2f5a9640d3b8e7f1c2a4596078e9d0b1c3f2a5e7';
const OTHER = 'c2f5a9640d3b8e7f1c2a4596078e9d0b1c3f2a5e78d1f0c7b5e9a42638e0d7c1b';

/** Reads variables and nothing else: no file, no environment of the process; warnings come back too. */
function given(
  source: Record<string, string>,
  mode: NonNullable<EnvOptions['mode']> = 'production',
): EnvOptions & { readonly heard: string[] } {
  const heard: string[] = [];
  const options: EnvOptions = { source, mode, file: false, warn: (sentence) => heard.push(sentence) };
  // Not an option: what a test looks at afterwards.
  return Object.defineProperty(options, 'heard', { value: heard }) as EnvOptions & { readonly heard: string[] };
}

function failure(read: () => unknown): EnvironmentError {
  try {
    read();
  } catch (error) {
    if (error instanceof EnvironmentError) return error;
    throw error;
  }
  throw new Error('it was read');
}

const problemsOf = (read: () => unknown): readonly EnvironmentProblem[] => failure(read).problems;

describe('env()', () => {
  it('reads each kind of variable into its type', () => {
    const config = env(
      {
        PORT: env.port({ default: 8443 }),
        DATABASE_URL: env.secretUrl({ protocols: ['postgres'] }),
        SESSION_SECRET: env.secret(),
        KEYS: env.secrets(),
        LOG_LEVEL: env.oneOf(['info', 'warn'], { default: 'info' }),
        DEBUG: env.boolean({ default: false }),
        TIMEOUT: env.duration({ default: '10s' }),
        MAX: env.size({ default: '1mb' }),
        PUBLIC_URL: env.url(),
        N: env.integer({ min: 1, max: 9 }),
        NAME: env.string({ pattern: /[a-z]+/, optional: true }),
        LIST: env.list(env.integer()),
        WORDS: env.list(),
        ZOD: z.coerce.number().min(3),
      },
      given({
        DATABASE_URL: 'postgres://app:7f1c2a4596078e9d@db/shop',
        SESSION_SECRET: GOOD,
        KEYS: `${GOOD},${OTHER}`,
        DEBUG: 'On',
        TIMEOUT: '2m',
        PUBLIC_URL: 'https://shop.example',
        N: '7',
        LIST: '1, 2,3',
        WORDS: 'a,b',
        ZOD: '4',
        UNKNOWN: 'is left alone',
      }),
    );
    expectTypeOf(config.PORT).toEqualTypeOf<number>();
    expectTypeOf(config.DATABASE_URL).toEqualTypeOf<Secret>();
    expectTypeOf(config.SESSION_SECRET).toEqualTypeOf<Secret>();
    expectTypeOf(config.KEYS).toEqualTypeOf<SecretList>();
    expectTypeOf(config.LOG_LEVEL).toEqualTypeOf<'info' | 'warn'>();
    expectTypeOf(config.DEBUG).toEqualTypeOf<boolean>();
    expectTypeOf(config.NAME).toEqualTypeOf<string | undefined>();
    expectTypeOf(config.LIST).toEqualTypeOf<readonly number[]>();
    expectTypeOf(config.ZOD).toEqualTypeOf<number>();
    const { DATABASE_URL, SESSION_SECRET, KEYS, ...plain } = config;
    expect(plain).toEqual({
      PORT: 8443,
      LOG_LEVEL: 'info',
      DEBUG: true,
      TIMEOUT: 120_000,
      MAX: 1_048_576,
      PUBLIC_URL: 'https://shop.example',
      N: 7,
      NAME: undefined,
      LIST: [1, 2, 3],
      WORDS: ['a', 'b'],
      ZOD: 4,
    });
    expect(DATABASE_URL.reveal()).toBe('postgres://app:7f1c2a4596078e9d@db/shop');
    expect(SESSION_SECRET.name).toBe('SESSION_SECRET');
    expect(KEYS.all.map((key) => key.reveal())).toEqual([GOOD, OTHER]);
    expect(KEYS.current).toBe(KEYS.all[0]);
    for (const part of [config, config.LIST, KEYS, KEYS.all]) expect(Object.isFrozen(part)).toBe(true);
    expect('UNKNOWN' in config).toBe(false);
  });

  it('names every problem at once, with a fix for each, and shows no value', () => {
    const error = failure(() =>
      env(
        {
          PORT: env.port(),
          SESSION_SECRET: env.secret(),
          JWT_SECRET: env.secret(),
          SHORT: env.secret(),
          DATABASE_URL: env.secretUrl(),
          LOG_LEVEL: env.oneOf(['info', 'warn']),
          DEBUG: env.boolean(),
          N: env.integer({ min: 1, max: 9 }),
          FINE: env.string(),
        },
        given({
          PORT: '84430-canary',
          SESION_SECRET: GOOD,
          JWT_SECRET: 'thisisasamplesecret',
          SHORT: 'canary-Zq7',
          DATABASE_URL: 'postgres://app:postgres@db-canary/shop',
          LOG_LEVEL: 'canary-verbose',
          DEBUG: 'canary-yes',
          N: '77',
          FINE: 'canary',
        }),
      ),
    );
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.code).toBe('ERR_ENVIRONMENT');
    expect(Object.fromEntries(error.problems.map(({ variable, problem }) => [variable, problem]))).toEqual({
      PORT: 'is not a port from 0 to 65535',
      SESSION_SECRET: 'is missing; SESION_SECRET is set: is it that?',
      JWT_SECRET: 'is a known placeholder',
      SHORT: 'has 10 characters, and needs 32',
      DATABASE_URL: 'has a password that is a known placeholder',
      LOG_LEVEL: 'is none of the words that it may be',
      DEBUG: 'is neither true nor false',
      N: 'is not a whole number from 1 up to 9',
    });
    for (const { variable, problem, fix } of error.problems) {
      expect(fix).not.toBe('');
      expect(error.message).toContain(`${variable} ${problem}`);
    }
    for (const shown of [error.message, String(error.stack), JSON.stringify(error.problems)]) {
      expect(shown).not.toMatch(/canary|thisisasample|postgres:\/\/app|8d1f/);
    }
    expect(error.message.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(error.stack).toMatch(/env\.test\.ts/);
  });

  it('takes an empty variable for an absent one, and nothing that objects inherit', () => {
    const schema = {
      A: env.string({ optional: true }),
      B: env.string({ default: 'b' }),
      constructor: env.string({ optional: true }),
    };
    expect(env(schema, given({ A: '', B: '' }))).toEqual({ A: undefined, B: 'b', constructor: undefined });
  });

  it.each<[string, () => unknown]>([
    ['a field that is none', () => env({ A: 'string' } as never, given({}))],
    ['a name that is none', () => env({ 'A-B': env.string() }, given({}))],
    ['both a default and optional', () => env.port({ default: 1, optional: true })],
    ['a default that does not fit', () => env.port({ default: 65_536 })],
    ['a default that is none of the words', () => env.oneOf(['a'], { default: 'b' as 'a' })],
    ['a default that is no duration', () => env.duration({ default: 'soon' })],
    ['an option that is mistyped', () => env.secret({ minimum: 3 } as never)],
    ['a floor that is none', () => env.secret({ min: 8 })],
    ['a range that is none', () => env.integer({ min: 3, max: 1 })],
    ['a mode that is none', () => env({}, { ...given({}), mode: 'staging' as 'test' })],
    ['an option of its own that is mistyped', () => env({}, { ...given({}), fil: '.env' } as EnvOptions)],
    ['secrets in a plain list', () => env.list(env.secret())],
  ])('refuses %s at once', (_name, make) => {
    expect(make).toThrow(ConfigError);
  });

  it.each<[string, () => ReturnType<typeof env.string>, string[], string[]]>([
    ['port', () => env.port() as never, ['0', '80', '65535'], ['-1', '65536', '8e3', '0x50', ' 80', '80.0', '٣']],
    [
      'integer',
      () => env.integer() as never,
      ['-7', '0', '9007199254740991'],
      ['9007199254740992', '1.5', '1e3', '+1', 'NaN'],
    ],
    [
      'boolean',
      () => env.boolean() as never,
      ['true', 'FALSE', '1', '0', 'yes', 'no', 'on', 'off'],
      ['fasle', '2', 'y'],
    ],
    ['duration', () => env.duration() as never, ['500ms', '10s', '1.5h', '7d'], ['500', '0s', '-1s', 'soon', '1w']],
    ['size', () => env.size() as never, ['1b', '100kb', '1.5MB'], ['100', '0kb', 'abc', '1tb']],
    [
      'url',
      () => env.url() as never,
      ['https://a.example', 'http://localhost:1/x?y'],
      ['a.example', 'ftp://a.example', 'https://u:p@a.example', 'https://u@a.example', 'javascript:alert(1)'],
    ],
    ['pattern', () => env.string({ pattern: /[a-z]+|x9/gy }) as never, ['a', 'abc', 'x9'], ['a1', '1a', 'A', 'a\n']],
    ['list', () => env.list(env.port()) as never, ['1', '1,2'], ['1,', ',', '1,x', '1;2']],
    [
      'secretUrl',
      () => env.secretUrl({ protocols: ['postgres', 'mongodb'] }) as never,
      [
        'postgres:///shop',
        'postgres://db/shop',
        'postgres://app@db/shop',
        'postgres://app:Vb7%2Fq0Zr4Tn8K@[::1]:5432/shop',
        'mongodb://u:Vb7q0Zr4Tn8K@a:1,b:2/x?replicaSet=r',
      ],
      [
        'db',
        'mysql://db/shop',
        'postgres://app:Vb7/q0Zr4Tn8K@db/shop',
        'postgres://app:Vb7#q0Zr4Tn8K@db/shop',
        'postgres://db:port/shop',
        'postgres://db /shop',
      ],
    ],
  ])('judges a %s strictly', (_name, make, good, bad) => {
    const verdict = (text: string): number => {
      try {
        env({ X: make() }, given({ X: text }));
        return 0;
      } catch (error) {
        return (error as EnvironmentError).problems.length;
      }
    };
    expect(good.filter((text) => verdict(text) !== 0)).toEqual([]);
    expect(bad.filter((text) => verdict(text) !== 1)).toEqual([]);
  });
});

describe('a Standard Schema as a field', () => {
  it('of zod, valibot and arktype, decides about absence too', () => {
    const schema = {
      ZOD: z.string().default('z'),
      VALIBOT: v.optional(v.string(), 'v'),
      ARK: type('string.numeric.parse'),
      MAYBE: z.string().optional(),
    };
    const config = env(schema, given({ ARK: '7' }));
    expect(config).toEqual({ ZOD: 'z', VALIBOT: 'v', ARK: 7, MAYBE: undefined });
    expectTypeOf(config.ARK).toEqualTypeOf<number>();
    expect(problemsOf(() => env(schema, given({})))).toEqual([
      { variable: 'ARK', problem: 'is missing', fix: 'see the schema in the code' },
    ]);
  });

  it('says what it says, unless that repeats a part of the value', () => {
    const quoting = v.pipe(
      v.string(),
      v.check(
        () => false,
        ({ input }) => `bad: ${input.slice(0, 4).toUpperCase()}`,
      ),
    );
    const problems = problemsOf(() =>
      env(
        { A: z.string().min(99), B: v.picklist(['x', 'y']), C: type('string.email'), D: quoting },
        given({ A: 'canary-a', B: 'canary-b', C: 'canary-c', D: 'canary-d' }),
      ),
    );
    expect(problems.map(({ variable }) => variable)).toEqual(['A', 'B', 'C', 'D']);
    expect(problems[0]?.problem).toMatch(/^does not fit its schema: .*99/);
    for (const { problem } of problems) expect(problem).not.toMatch(/cana/i);
  });

  it('may neither throw nor answer later', () => {
    const throwing = z.string().transform((value) => {
      throw new Error(value);
    });
    const later = z.string().refine(async () => true);
    const waiting = {
      '~standard': { version: 1, vendor: 'x', validate: () => Promise.reject(new Error('later')) },
    } as const;
    const problems = problemsOf(() =>
      env({ A: throwing, B: later, C: waiting }, given({ A: 'canary', B: 'b', C: 'c' })),
    );
    expect(problems.map(({ variable }) => variable)).toEqual(['A', 'B', 'C']);
    expect(JSON.stringify(problems)).not.toContain('canary');
  });
});

describe('secrets', () => {
  it.each([
    ['a placeholder', 'changeme', /known placeholder/],
    ['a short one', 'Zq7Lw2Xc9Vb4', /12 characters/],
    ['one that repeats', 'Zq7Lw2Xc'.repeat(5), /can be guessed/],
    ['one of development', 'insecure-development-Zq7Lw2Xc9Vb4Zq7Lw2Xc9Vb4Nm8Kl5Pw', /made for development/],
    [
      'one of development, in capitals',
      'INSECURE-DEVELOPMENT-Zq7Lw2Xc9Vb4Zq7Lw2Xc9Vb4Nm8Kl5Pw',
      /made for development/,
    ],
  ])('in production are refused: %s', (_name, value, problem) => {
    const read = (): unknown => env({ S: env.secret(), L: env.secrets() }, given({ S: value, L: `${GOOD},${value}` }));
    const [one, listed] = problemsOf(read);
    expect(one?.problem).toMatch(problem);
    expect(listed?.problem).toMatch(/number 2 of 2/);
    expect(listed?.problem).toMatch(problem);
  });

  it.each(['development', 'test'] as const)('in %s are warned of, and one that is missing is made up', (mode) => {
    const options = given({ WEAK: 'changeme' }, mode);
    const schema = {
      WEAK: env.secret(),
      [`NEW_${mode}`]: env.secret(),
      LIST: env.secrets(),
      NONE: env.secret({ optional: true }),
    };
    const config = env(schema, options);
    const made = config[`NEW_${mode}`] as Secret;
    expect(config.WEAK.reveal()).toBe('changeme');
    expect(made.reveal()).toMatch(/^insecure-development-[\w-]{43}$/);
    expect(config.NONE).toBeUndefined();
    expect(config.LIST.all).toHaveLength(1);
    expect(config.LIST.current.reveal()).not.toBe(made.reveal());
    expect(options.heard).toEqual([
      'WEAK is a known placeholder. Production does not start with it',
      `not set, so this process made random ones, which end with it: NEW_${mode}, LIST. Production does not start without them`,
    ]);
    // Two parts of a program that read the same variable agree; production refuses what was made up.
    expect(made.equals(env(schema, options)[`NEW_${mode}`] as Secret)).toBe(true);
    expect(problemsOf(() => env({ A: env.secret() }, given({ A: made.reveal() })))[0]?.problem).toMatch(/development/);
    const kept = given({ A: made.reveal() }, mode);
    env({ A: env.secret() }, kept);
    expect(kept.heard).toEqual([]);
  });

  it('are not made up where NODE_ENV only resembles development', () => {
    for (const NODE_ENV of ['', 'Development', 'dev', 'staging', 'production']) {
      expect(() => env({ A: env.secret() }, { source: { NODE_ENV }, file: false, warn: () => undefined })).toThrow(
        EnvironmentError,
      );
    }
    expect(
      env({ A: env.secret() }, { source: { NODE_ENV: 'test' }, file: false, warn: () => undefined }).A,
    ).toBeInstanceOf(Secret);
  });

  it('of others have a floor of their own, which stands in the schema', () => {
    const key = 'Zq7Lw2Xc9Vb4Nm8K';
    expect(problemsOf(() => env({ A: env.secret() }, given({ A: key })))).toHaveLength(1);
    expect(env({ A: env.secret({ min: 64 }) }, given({ A: key })).A.reveal()).toBe(key);
    expect(problemsOf(() => env({ A: env.secret({ min: 64 }) }, given({ A: 'thisisasamplesecret' })))).toHaveLength(1);
    const url = (password: string): string => `postgres://app:${password}@db/shop`;
    expect(env({ A: env.secretUrl() }, given({ A: url('Zq7Lw2Xc9Vb4') })).A).toBeInstanceOf(Secret);
    expect(problemsOf(() => env({ A: env.secretUrl({ min: 128 }) }, given({ A: url('Zq7Lw2Xc9Vb4') })))).toHaveLength(
      1,
    );
    expect(problemsOf(() => env({ A: env.secretUrl() }, given({ A: url('p%61ssword') })))).toHaveLength(1);
    expect(problemsOf(() => env({ A: env.secretUrl() }, given({ A: `redis://:${'a'.repeat(40)}@db` })))).toHaveLength(
      1,
    );
  });

  it('take turns: the new one in front, the old one behind it', () => {
    const lists = [
      given({ KEYS: `${GOOD},${OTHER}` }),
      given({ KEYS: `${GOOD} , ${OTHER}` }),
      given({ KEYS: GOOD, KEYS_PREVIOUS: OTHER }),
    ].map((options) => env({ KEYS: env.secrets() }, options).KEYS);
    for (const { current, all } of lists) {
      expect(current.reveal()).toBe(GOOD);
      expect(all.map((key) => key.reveal())).toEqual([GOOD, OTHER]);
    }
    const problem = (source: Record<string, string>): string | undefined =>
      problemsOf(() => env({ KEYS: env.secrets() }, given(source)))[0]?.problem;
    expect(problem({ KEYS: `${GOOD},${GOOD}` })).toBe('has the same secret twice, as number 2 too');
    expect(problem({ KEYS: GOOD, KEYS_PREVIOUS: GOOD })).toMatch(/twice/);
    expect(problem({ KEYS: `${GOOD},` })).toMatch(/empty secret, number 2 of 2/);
    expect(problem({ KEYS_PREVIOUS: GOOD })).toBe('is missing');
    expect(problem({ KEYS: GOOD, KEYS_PREVIOUS: 'changeme' })).toMatch(/number 2 of 2/);
  });
});
