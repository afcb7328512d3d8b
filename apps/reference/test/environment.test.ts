import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EnvironmentError, readEnvironment } from '../src/environment.ts';

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
    });
  });

  it('counts an empty variable as absent', () => {
    const names = 'PORT HTTP_PORT HOST DATA_DIR NODE_ENV ORIGIN TLS_CERT TLS_KEY PROXY LOG_LEVEL'.split(' ');
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

  it.each([
    ['PORT', { PORT: 'http' }, 'use a number'],
    ['PORT', { PORT: '-1' }, 'use a number'],
    ['PORT', { PORT: '65536' }, 'use a number'],
    ['PORT', { PORT: '8e3' }, 'use a number'],
    ['PORT', { PORT: '0x1F' }, 'use a number'],
    ['PORT', { PORT: ' 80' }, 'use a number'],
    ['PORT', { PORT: '80.0' }, 'use a number'],
    ['HTTP_PORT', { HTTP_PORT: '8443/tcp' }, 'use a number'],
    ['TLS_KEY', { TLS_CERT: 'tls.crt' }, 'set both'],
    ['TLS_CERT', { TLS_KEY: 'tls.key' }, 'set both'],
    ['LOG_LEVEL', { LOG_LEVEL: 'debug' }, 'use info, warn, error or off'],
    ['NODE_ENV=production', { NODE_ENV: 'production' }, 'TLS_CERT and TLS_KEY'],
    ['NODE_ENV=staging', { NODE_ENV: 'staging' }, 'PROXY'],
  ])('%s of %j is refused with the fix', (variable, env, fix) => {
    const read = (): unknown => readEnvironment(env);
    expect(read).toThrow(EnvironmentError);
    expect(read).toThrow(variable);
    expect(read).toThrow(fix);
  });
});
