import { resolve } from 'node:path';
import { EnvironmentError, env, type Policy, type Secret } from 'bulwark';

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
  /** Rotating files in the data folder, or stdout for those who collect lines there. */
  readonly logTo: 'files' | 'stdout';
  /** What deliveries to the webhook are signed with; without it there is no webhook. */
  readonly webhookSecret: Secret | undefined;
  /** What the owner signs in with; without it, in development, one is made. */
  readonly ownerPassword: Secret | undefined;
  /** Where sessions and limits are kept, if not in the data folder: with several processes, or machines. */
  readonly redisUrl: Secret | undefined;
  /** What the keys of tokens are encrypted with; without it there are no tokens in production. */
  readonly tokenKey: Secret | undefined;
}

const VARIABLES = {
  PORT: env.port({ default: 8443 }),
  HTTP_PORT: env.port({ optional: true }),
  HOST: env.string({ optional: true }),
  DATA_DIR: env.string({ default: '.data' }),
  ORIGIN: env.string({ optional: true }),
  TLS_CERT: env.string({ optional: true }),
  TLS_KEY: env.string({ optional: true }),
  PROXY: env.string({ default: 'none' }),
  LOG_LEVEL: env.oneOf(['info', 'warn', 'error', 'off'], { default: 'info' }),
  LOG_TO: env.oneOf(['files', 'stdout'], { default: 'files' }),
  WEBHOOK_SECRET: env.secret({ optional: true }),
  OWNER_PASSWORD: env.secret({ optional: true }),
  REDIS_URL: env.secretUrl({ optional: true }),
  TOKEN_KEY: env.secret({ optional: true }),
};

/**
 * Reads the environment; an empty variable counts as absent.
 *
 * @throws EnvironmentError naming each variable that cannot be used, and its fix
 */
export function readEnvironment(source: NodeJS.ProcessEnv): Environment {
  // As the library has it: `staging` must not be laxer than production. Unset, this is a machine to try things on.
  const production = ![undefined, '', 'development', 'test'].includes(source.NODE_ENV);
  const mode = production ? 'production' : 'development';
  const read = env(VARIABLES, { source, mode });
  const certificate = certificateOf(read.TLS_CERT, read.TLS_KEY, mode);
  const proxy = proxyOf(read.PROXY);
  if (production && certificate === undefined && proxy === 'none') {
    throw problem(
      'TLS_CERT',
      `is missing, and NODE_ENV=${source.NODE_ENV} serves nothing without TLS`,
      'set TLS_CERT and TLS_KEY to PEM files; or, if a proxy in front ends TLS, set PROXY to its name (nginx) or to the ' +
        'number of proxies; or, on a developer’s machine, leave NODE_ENV out for a certificate of a local CA',
      mode,
    );
  }
  return {
    port: read.PORT,
    httpPort: read.HTTP_PORT ?? false,
    host: read.HOST ?? (production ? '::' : '127.0.0.1'),
    dataDir: resolve(read.DATA_DIR),
    production,
    origin: read.ORIGIN ?? ([443, 0].includes(read.PORT) ? 'https://localhost' : `https://localhost:${read.PORT}`),
    certificate,
    proxy,
    logLevel: read.LOG_LEVEL === 'off' ? false : read.LOG_LEVEL,
    logTo: read.LOG_TO,
    webhookSecret: read.WEBHOOK_SECRET,
    ownerPassword: read.OWNER_PASSWORD,
    redisUrl: read.REDIS_URL,
    tokenKey: read.TOKEN_KEY,
  };
}

function certificateOf(
  cert: string | undefined,
  key: string | undefined,
  mode: 'production' | 'development',
): Environment['certificate'] {
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (cert === undefined && key === undefined) return undefined;
  const [missing, given] = cert === undefined ? ['TLS_CERT', 'TLS_KEY'] : ['TLS_KEY', 'TLS_CERT'];
  throw problem(
    missing,
    `is missing, and ${given} is set: they belong together`,
    'set both to PEM files, or neither',
    mode,
  );
}

/** A number of proxies, or the name of one: whether there is such a name, the policy says. */
function proxyOf(text: string): Environment['proxy'] {
  return /^\d+$/.test(text) ? { hops: Number(text) } : (text as Environment['proxy']);
}

function problem(variable: string, what: string, fix: string, mode: 'production' | 'development'): EnvironmentError {
  return new EnvironmentError([{ variable, problem: what, fix }], mode);
}
