import { resolve } from 'node:path';
import type { Policy } from 'bulwark';

/** What the environment says, checked. */
export interface Environment {
  readonly port: number;
  readonly httpPort: number | false;
  readonly host: string;
  readonly dataDir: string;
  readonly production: boolean;
  /** Where browsers see the server; by default this machine. */
  readonly origin: string;
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
  /** The proxy that ends TLS in front of the server. */
  readonly proxy: NonNullable<Policy['proxy']>;
  /** The least level that is logged; false: nothing is. */
  readonly logLevel: 'info' | 'warn' | 'error' | false;
}

/** A variable has a value that cannot be used. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/**
 * Reads the environment; an empty variable counts as absent.
 *
 * @throws EnvironmentError naming the variable and the fix
 */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const port = readPort(env, 'PORT', 8443);
  // As the library has it: `staging` must not be laxer than production. Unset, this is a machine to try things on.
  const production = ![undefined, '', 'development', 'test'].includes(env.NODE_ENV);
  const cert = env.TLS_CERT || undefined;
  const key = env.TLS_KEY || undefined;
  if ((cert === undefined) !== (key === undefined)) {
    throw new EnvironmentError('TLS_CERT and TLS_KEY belong together: set both to paths of PEM files, or neither');
  }
  const proxy = readProxy(env.PROXY || 'none');
  if (production && cert === undefined && proxy === 'none') {
    throw new EnvironmentError(
      `NODE_ENV=${env.NODE_ENV} serves nothing without TLS. Do one of three: set TLS_CERT and TLS_KEY to PEM files; ` +
        'or, if a proxy in front ends TLS, set PROXY to its name (nginx) or to the number of proxies; or, on a developer’s ' +
        'machine, leave NODE_ENV out for a certificate of a local CA',
    );
  }
  return {
    port,
    httpPort: env.HTTP_PORT ? readPort(env, 'HTTP_PORT', 0) : false,
    host: env.HOST || (production ? '::' : '127.0.0.1'),
    dataDir: resolve(env.DATA_DIR || '.data'),
    production,
    origin: env.ORIGIN || (port === 443 || port === 0 ? 'https://localhost' : `https://localhost:${port}`),
    certificate: cert === undefined || key === undefined ? undefined : { cert, key },
    proxy,
    logLevel: readLogLevel(env.LOG_LEVEL || 'info'),
  };
}

/** A number of proxies, or the name of one: whether there is such a name, the policy says. */
function readProxy(text: string): Environment['proxy'] {
  return /^\d+$/.test(text) ? { hops: Number(text) } : (text as Environment['proxy']);
}

function readLogLevel(text: string): Environment['logLevel'] {
  if (text === 'off') return false;
  if (text === 'info' || text === 'warn' || text === 'error') return text;
  throw new EnvironmentError(`LOG_LEVEL=${JSON.stringify(text)} is no level: use info, warn, error or off`);
}

function readPort(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new EnvironmentError(
    `${name}=${JSON.stringify(text)} is not a port: use a number from 0 (any free one) to 65535`,
  );
}
