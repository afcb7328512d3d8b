import { describe, expect, it } from 'vitest';
import { ask } from '../../../test/support/ask.ts';
import { EXPRESS, send, serve } from '../../../test/support/http.ts';
import { resultsOf } from '../../../test/support/record.ts';
import type { RunningFacts } from '../../check.ts';
import type { Services } from '../../context.ts';
import { ConfigError } from '../../errors.ts';
import type { EventInput } from '../../events.ts';
import type { Policy } from '../../policy.ts';
import { secure } from '../../secure.ts';
import { checks } from './checks.ts';
import { createApp as createSecured } from './fixtures/secured/app.ts';
import { createApp as createVulnerable, sign } from './fixtures/vulnerable/app.ts';
import { EnvironmentError, type EnvironmentSource, type SecretsOptions, secrets } from './index.ts';

const GOOD = '8d1f0c7b5e9a42638e0d7c1b2f5a9640d3b8e7f1c2a4596078e9d0b1c3f2a5e7';
const OLD = 'c2f5a9640d3b8e7f1c2a4596078e9d0b1c3f2a5e78d1f0c7b5e9a42638e0d7c1b';
const ORIGIN = 'https://shop.example';

/** What a source is said of: the names that stop the start, and those that are warned of. */
function found(source: EnvironmentSource): { refused: string[]; weak: string[] } {
  const { refused, weak } = secrets({ source, reportOnly: true }, { emit: () => undefined, mode: 'production' });
  return { refused: refused.map(({ variable }) => variable), weak: weak.map(({ variable }) => variable) };
}

describe.each(EXPRESS)('the fixtures on Express %s', (_version, express) => {
  async function answer(app: unknown, authorization: string): Promise<number> {
    const served = await serve(app);
    try {
      return (await send(served.url, { headers: { authorization } })).status;
    } finally {
      await served.close();
    }
  }

  it('control: without a variable, or with the one of a tutorial, anybody signs for anybody', async () => {
    expect(await answer(createVulnerable(express, {}), sign('ann', 'secret'))).toBe(200);
    const sample = { SESSION_SECRET: 'keyboard cat' };
    expect(await answer(createVulnerable(express, sample), sign('ann', 'keyboard cat'))).toBe(200);
  });

  it('the secured one does not start with either, and with a strong one answers only who has it', async () => {
    expect(() => createSecured(express, {})).toThrow(EnvironmentError);
    expect(() => createSecured(express, { SESSION_SECRET: 'keyboard cat' })).toThrow(EnvironmentError);
    const app = createSecured(express, { SESSION_SECRET: `${GOOD},${OLD}` });
    expect(await answer(app, sign('ann', GOOD))).toBe(200);
    expect(await answer(app, sign('ann', OLD))).toBe(200);
    expect(await answer(app, sign('ann', 'keyboard cat'))).toBe(401);
  });
});

describe('secrets()', () => {
  it.each([
    'JWT_SECRET',
    'jwt_secret',
    'SECRET',
    'SECRET_KEY',
    'SECRET_KEY_BASE',
    'SESSION_SECRET_PREVIOUS',
    'TOKEN_SECRET_2',
    'DB_PASSWORD',
    'SMTP_PASS',
    'AUTH_TOKEN',
    'STRIPE_API_KEY',
    'MAILGUN_APIKEY',
    'AWS_SECRET_ACCESS_KEY',
    'TLS_PRIVATE_KEY',
    'ENCRYPTION_KEY',
  ])('takes %s for a secret', (name) => {
    expect(found({ [name]: 'changeme' }).refused).toEqual([name]);
    expect(found({ [name]: 'insecure-development-Zq7Lw2Xc' }).refused).toEqual([name]);
    expect(found({ [name]: 'Zq7Lw2' })).toEqual({ refused: [], weak: [name] });
    expect(found({ [name]: GOOD })).toEqual({ refused: [], weak: [] });
    expect(found({ [name]: '' })).toEqual({ refused: [], weak: [] });
  });

  it.each([
    'PATH',
    'PWD',
    'SECRET_FILE',
    'JWT_SECRET_PATH',
    'JWT_SECRET_NAME',
    'TOKEN_TTL',
    'PASSWORD_MIN_LENGTH',
    'SECRETARY',
    'BYPASS',
    'TOKENS_PER_MINUTE',
    'KEYBOARD',
    'PUBLIC_KEY',
    'npm_package_config_secretive',
  ])('takes %s for something else', (name) => {
    expect(found({ [name]: 'changeme' })).toEqual({ refused: [], weak: [] });
  });

  it('takes what switches something for no secret', () => {
    for (const value of ['yes', 'true', 'FALSE', '0', '1', 'none', 'disabled']) {
      expect(found({ ALLOW_EMPTY_PASSWORD: value })).toEqual({ refused: [], weak: [] });
    }
  });

  it('looks at the passwords in addresses', () => {
    const source = {
      DATABASE_URL: 'postgres://postgres:postgres@db/shop',
      REDIS_URL: 'redis://:changeme@cache',
      MONGODB_URI: 'mongodb://app:Zq7Lw2Xc9Vb4@a:1,b:2/shop',
      SENTRY_DSN: 'https://0a1b2c@sentry.example/1',
      PUBLIC_URL: ORIGIN,
      AMQP_URL: 'amqp://guest:guest@queue',
      SHORT_URL: 'postgres://app:Zq7Lw@db/shop',
      HTTP_PROXY: 'http://user:password@proxy.example',
    };
    expect(found(source)).toEqual({ refused: ['AMQP_URL', 'DATABASE_URL', 'REDIS_URL'], weak: ['SHORT_URL'] });
  });

  it('names all of them in one error, and shows no value', () => {
    const source = { B_TOKEN: 'insecure-development-canary', A_SECRET: 'changeme', C_SECRET: GOOD, D_SECRET: 'canary' };
    try {
      secrets({ source });
      expect.unreachable();
    } catch (error) {
      const { code, problems, message } = error as EnvironmentError;
      expect(code).toBe('ERR_ENVIRONMENT');
      expect(problems.map(({ variable }) => variable)).toEqual(['A_SECRET', 'B_TOKEN']);
      expect(message).not.toMatch(/changeme|canary/);
      expect(problems[0]?.fix).toContain("insecureAllow: ['A_SECRET']");
      // What was made for development is refused, and no setting is offered that lets it pass.
      expect(problems[1]?.fix).not.toContain('insecureAllow');
    }
  });

  it('lets pass what is named exactly', () => {
    const source = { LEGACY_TOKEN: 'changeme', LEGACY_TOKEN_2: 'changeme' };
    const refused = (insecureAllow: string[]): unknown => {
      try {
        return secrets({ source, insecureAllow }).refused;
      } catch (error) {
        return (error as EnvironmentError).problems.map(({ variable }) => variable);
      }
    };
    expect(refused(['LEGACY_TOKEN'])).toEqual(['LEGACY_TOKEN_2']);
    expect(() => secrets({ source: { A_TOKEN: 'insecure-development-x' }, insecureAllow: ['A_TOKEN'] })).toThrow(
      /A_TOKEN/,
    );
    expect(refused(['LEGACY'])).toEqual(['LEGACY_TOKEN', 'LEGACY_TOKEN_2']);
    expect(refused(['LEGACY_TOKEN', 'LEGACY_TOKEN_2'])).toEqual([]);
  });

  it('in development and test says so, and goes on', () => {
    const events: EventInput[] = [];
    const services: Services = { emit: (event) => events.push(event), mode: 'development' };
    const { refused, weak } = secrets({ source: { A_SECRET: 'changeme', B_TOKEN: 'canary' } }, services);
    expect(refused).toEqual([{ variable: 'A_SECRET', problem: 'is a known placeholder' }]);
    expect(weak).toEqual([{ variable: 'B_TOKEN', problem: 'has 6 characters, and needs 12' }]);
    expect(events.map(({ event, details }) => [event, details])).toEqual([
      ['sys_secret_weak', { variables: ['A_SECRET'] }],
      ['sys_secret_weak', { variables: ['B_TOKEN'] }],
    ]);
    expect(JSON.stringify(events)).not.toMatch(/changeme|canary/);
    const source = { NODE_ENV: 'test', A_SECRET: 'changeme' };
    expect(secrets({ source }).refused).toHaveLength(1);
    expect(() => secrets({ source: { ...source, NODE_ENV: 'staging' } })).toThrow(EnvironmentError);
  });

  it('refuses options that it does not have, and shows nothing of a source that is none', () => {
    expect(() => secrets({ allow: ['A'] } as SecretsOptions)).toThrow(ConfigError);
    expect(() => secrets({ insecureAllow: ['A*'] })).toThrow(/insecureAllow/);
    for (const source of ['JWT_SECRET=canary', null, 7]) {
      expect(() => secrets({ source } as unknown as SecretsOptions)).toThrow(/^secrets\.source: it is no object/);
    }
  });
});

describe.each(EXPRESS)('in the gate on Express %s', (_version, express) => {
  function gated(
    source: EnvironmentSource,
    policy: Partial<Policy> = {},
  ): ReturnType<typeof secure> & { app: unknown } {
    const app = express();
    const quiet = { https: false, logging: { level: false }, mode: 'production' } as const;
    const gate = secure(app, { origins: ORIGIN, ...quiet, secrets: { source }, ...policy });
    app.get('/', (_req, res) => void res.send('home'));
    return Object.assign(gate, { app });
  }
  const SAMPLE = { JWT_SECRET: 'thisisasamplesecret', B_TOKEN: 'Zq7' };

  it('production does not start with a placeholder, and does with a weak one', () => {
    expect(() => gated(SAMPLE)).toThrow(expect.objectContaining({ code: 'ERR_ENVIRONMENT' }));
    expect(() => gated({ B_TOKEN: 'Zq7' })).not.toThrow();
    expect(() => gated({ JWT_SECRET: GOOD })).not.toThrow();
  });

  it('leaves the app as it was when it is refused', async () => {
    const app = express();
    expect(() => secure(app, { origins: ORIGIN, secrets: { source: SAMPLE }, mode: 'production' })).toThrow();
    secure(app, { origins: ORIGIN, https: false, logging: false, mode: 'production', secrets: { source: {} } });
    app.get('/', (_req, res) => void res.send('home'));
    expect((await ask(app, { target: '/' })).map(({ status }) => status)).toEqual([200]);
  });

  it.each<[string, Partial<Policy>]>([
    ['development', { mode: 'development' }],
    ['a test', { mode: 'test' }],
    ['monitor mode', { monitor: ['secrets'] }],
    ['a gate that only reports', { monitor: true }],
  ])('%s starts, and is heard of once, by who listens before the first request', async (_name, policy) => {
    const gate = gated(SAMPLE, policy);
    const heard: unknown[] = [];
    gate.on('sys_secret_weak', ({ details }) => heard.push(details));
    await ask(gate.app, { target: '/' }, { target: '/' });
    expect(heard).toEqual([{ variables: ['JWT_SECRET'] }, { variables: ['B_TOKEN'] }]);
    const { results, findings } = await gate.selfTest();
    expect(results['secrets/placeholder-in-environment']).toBe('fail');
    const finding = findings.find(({ id }) => id === 'secrets/placeholder-in-environment');
    expect(finding?.message).toMatch(/^JWT_SECRET is a known placeholder/);
    expect(JSON.stringify(findings)).not.toContain('thisisasample');
  });

  it('turned off, it starts, and the self-test and the coverage say so', async () => {
    const gate = gated({}, { secrets: false });
    const { results } = await gate.selfTest();
    expect(results['secrets/disabled']).toBe('fail');
    expect(results['secrets/placeholder-in-environment']).toBe('unknown');
    expect(gate.coverage()[0]?.practices.secrets.state).toBe('missing');
    expect(gated({}).coverage()[0]?.practices.secrets).toEqual({ state: 'enforced' });
  });

  it('a variable that is let pass shows as an escape hatch, by its name', async () => {
    const source = { LEGACY_TOKEN: 'changeme' };
    const hatches = async (insecureAllow: string[]): Promise<string[]> => {
      const gate = gated(source, { secrets: { source, insecureAllow } });
      const { findings } = await gate.selfTest();
      return findings.filter(({ id }) => id.startsWith('secrets/')).map(({ id, message }) => `${id} ${message}`);
    };
    expect(await hatches(['LEGACY_TOKEN'])).toEqual([
      expect.stringMatching(/^secrets\/escape-hatch In use: secrets\.insecureAllow: LEGACY_TOKEN\./),
    ]);
  });

  it('an empty list of them is none', async () => {
    const { findings } = await gated({}, { secrets: { source: {}, insecureAllow: [] } }).selfTest();
    expect(findings.filter(({ id }) => id.startsWith('secrets/'))).toEqual([]);
  });
});

describe('the checks', () => {
  const facts = (inside: Partial<NonNullable<RunningFacts['inside']>> | undefined): RunningFacts => ({
    origin: ORIGIN,
    exchanges: {},
    ...(inside === undefined ? {} : { inside: { off: [], monitored: [], hatches: [], ...inside } }),
  });
  const none = { refused: [], weak: [] };
  const one = [{ variable: 'A_SECRET', problem: 'is a known placeholder' }];

  it.each([
    ['a clean environment', facts({ secrets: none }), 'pass', 'pass'],
    ['a placeholder', facts({ secrets: { ...none, refused: one } }), 'pass', 'fail'],
    ['only a weak one', facts({ secrets: { ...none, weak: one } }), 'pass', 'pass'],
    ['the practice turned off', facts({ off: ['secrets'] }), 'fail', 'unknown'],
    ['nobody having looked', facts({}), 'pass', 'unknown'],
    ['a look from outside', facts(undefined), 'unknown', 'unknown'],
  ])('judge %s', (_name, recorded, disabled, placeholder) => {
    expect(resultsOf(checks, recorded)).toEqual({
      'secrets/disabled': disabled,
      'secrets/placeholder-in-environment': placeholder,
    });
  });
});
