import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { EnvironmentError, type EnvironmentProblem } from 'bulwark';
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../src/environment.ts';

const CERTIFICATE = { TLS_CERT: 'tls.crt', TLS_KEY: 'tls.key' };

describe('the environment', () => {
  it('may be empty', () => {
    expect(readEnvironment({})).toEqual({
      port: 8443,
      httpPort: false,
      host: '127.0.0.1',
      dataDir: resolve('.data'),
      production: false,
      origin: 'https://localhost:8443',
      certificate: undefined,
      proxy: 'none',
      logLevel: 'info',
      logTo: 'files',
      webhookSecret: undefined,
    });
  });

  it('counts an empty variable as absent', () => {
    const names =
      'PORT HTTP_PORT HOST DATA_DIR NODE_ENV ORIGIN TLS_CERT TLS_KEY PROXY LOG_LEVEL LOG_TO WEBHOOK_SECRET'.split(' ');
    expect(readEnvironment(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(readEnvironment({}));
  });

  it.each([
    [{ PORT: '9000' }, { port: 9000, origin: 'https://localhost:9000' }],
    [{ PORT: '443' }, { port: 443, origin: 'https://localhost' }],
    [{ PORT: '0' }, { port: 0, origin: 'https://localhost' }],
    [
      { PORT: '9000', ORIGIN: 'https://shop.example' },
      { port: 9000, origin: 'https://shop.example' },
    ],
    [{ HTTP_PORT: '8080' }, { httpPort: 8080 }],
    [{ HTTP_PORT: '0' }, { httpPort: 0 }],
    [{ HOST: '0.0.0.0' }, { host: '0.0.0.0' }],
    [{ DATA_DIR: '/srv/notes' }, { dataDir: '/srv/notes' }],
    [{ DATA_DIR: 'notes' }, { dataDir: resolve('notes') }],
    [CERTIFICATE, { certificate: { cert: 'tls.crt', key: 'tls.key' }, production: false }],
    [
      { NODE_ENV: 'production', ...CERTIFICATE },
      { production: true, host: '::' },
    ],
    [
      { NODE_ENV: 'production', PROXY: 'nginx' },
      { production: true, proxy: 'nginx' },
    ],
    [{ PROXY: '2' }, { proxy: { hops: 2 } }],
    [{ LOG_LEVEL: 'warn' }, { logLevel: 'warn' }],
    [{ LOG_LEVEL: 'off' }, { logLevel: false }],
  ])('reads %j', (env, read) => {
    expect(readEnvironment(env)).toMatchObject(read);
  });

  it.each(['development', 'test'])('is no production as %s', (NODE_ENV) => {
    expect(readEnvironment({ NODE_ENV })).toMatchObject({ production: false });
  });

  it.each(['production', 'staging', 'Development', 'prod'])('is production as %s', (NODE_ENV) => {
    expect(readEnvironment({ NODE_ENV, ...CERTIFICATE })).toMatchObject({ production: true });
  });

  it('keeps the secret of the webhook to itself', () => {
    const WEBHOOK_SECRET = randomBytes(32).toString('hex');
    const environment = readEnvironment({ WEBHOOK_SECRET });
    expect(environment.webhookSecret?.reveal()).toBe(WEBHOOK_SECRET);
    expect(`${JSON.stringify(environment)}${inspect(environment, { showHidden: true })}`).not.toContain(WEBHOOK_SECRET);
  });

  it.each([
    ['PORT', { PORT: 'http' }, 'a port from 0 to 65535'],
    ['PORT', { PORT: '-1' }, 'a port from 0 to 65535'],
    ['PORT', { PORT: '65536' }, 'a port from 0 to 65535'],
    ['PORT', { PORT: '8e3' }, 'a port from 0 to 65535'],
    ['PORT', { PORT: '0x1F' }, 'a port from 0 to 65535'],
    ['PORT', { PORT: '80.0' }, 'a port from 0 to 65535'],
    ['HTTP_PORT', { HTTP_PORT: '8443/tcp' }, 'a port from 0 to 65535'],
    ['TLS_KEY', { TLS_CERT: 'tls.crt' }, 'set both'],
    ['TLS_CERT', { TLS_KEY: 'tls.key' }, 'set both'],
    ['LOG_LEVEL', { LOG_LEVEL: 'debug' }, 'info, warn, error, off'],
    ['LOG_TO', { LOG_TO: 'syslog' }, 'files, stdout'],
    ['TLS_CERT', { NODE_ENV: 'production' }, 'TLS_CERT and TLS_KEY'],
    ['TLS_CERT', { NODE_ENV: 'staging' }, 'PROXY'],
    ['WEBHOOK_SECRET', { NODE_ENV: 'production', ...CERTIFICATE, WEBHOOK_SECRET: 'changeme' }, 'openssl rand'],
  ])('%s of %j is refused with the fix', (variable, env, fix) => {
    expect(problemsOf(env)).toEqual([expect.objectContaining({ variable, fix: expect.stringContaining(fix) })]);
  });

  it('names every variable that cannot be used at once', () => {
    const env = { PORT: 'a', HTTP_PORT: 'b', LOG_LEVEL: 'c' };
    expect(problemsOf(env).map(({ variable }) => variable)).toEqual(['PORT', 'HTTP_PORT', 'LOG_LEVEL']);
  });
});

function problemsOf(env: NodeJS.ProcessEnv): readonly EnvironmentProblem[] {
  try {
    readEnvironment(env);
  } catch (error) {
    if (error instanceof EnvironmentError) return error.problems;
  }
  return [];
}
