import { createRequire } from 'node:module';
import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { resolveOptions } from '../../options.ts';
import { DEFAULT_PREFIX } from './dialect.ts';

/** Settings of the stores in a database server. */
export interface SqlServerOptions {
  /** How the names of the tables begin: small letters, digits, underscores. Default `bulwark_`. */
  readonly prefix?: string;
  /** Connections at most, from 1; default 10. Of a pool that was handed in: how many of its connections are used. */
  readonly connections?: number;
  /** Calls that wait for a connection at most; default 2000. Those over it fail at once. */
  readonly waiting?: number;
  /**
   * Milliseconds that a call has, connecting and waiting included, from 10; default 2000. A limit that several draw from at
   * the same moment has it twice.
   */
  readonly timeout?: number;
}

const serverSchema = z.strictObject({
  prefix: z.string().optional(),
  connections: z.int().min(1).max(1000).optional(),
  waiting: z.int().min(0).max(100_000).optional(),
  timeout: z.int().min(10).max(600_000).optional(),
});

const SERVER_DEFAULTS: Required<SqlServerOptions> = {
  prefix: DEFAULT_PREFIX,
  connections: 10,
  waiting: 2000,
  timeout: 2000,
};

export function serverOptions(given: SqlServerOptions | undefined, field: string): Required<SqlServerOptions> {
  return resolveOptions(serverSchema, SERVER_DEFAULTS, given, field);
}

/**
 * Reads the address of a server. It holds a password: no error repeats a part of it.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE`
 */
export function requireUrl(url: string, protocols: readonly string[], field: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && protocols.includes(parsed.protocol) && parsed.hostname !== '') return parsed;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: 'it is not the address of such a server',
    fix: `write ${protocols[0]}//user:password@host/database; what is special in user and password is percent-encoded`,
  });
}

/**
 * Loads the app's own copy of a driver.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE` where it is not installed, or is not what it is called
 */
export function loadDriver<T>(name: string, field: string, isDriver: (value: unknown) => value is T): T {
  let loaded: unknown;
  try {
    loaded = createRequire(import.meta.url)(name);
  } catch (error) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field,
      message: `the package ${name} cannot be loaded (${error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'it threw'})`,
      fix: `npm install ${name}; where it is installed elsewhere, pass a pool that you have made`,
    });
  }
  if (isDriver(loaded)) return loaded;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `the package ${name} is not what is known under this name`,
    fix: `npm install ${name}`,
  });
}
