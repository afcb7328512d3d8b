import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import type { Emit } from '../events.ts';
import { isPlainObject, toConfigError } from '../options.ts';
import { type Duration, parseDuration } from '../units.ts';
import { guardStores } from './guard.ts';
import { memoryStores } from './memory-stores.ts';
import { type RedisClient, redisStores } from './redis/index.ts';
import { type MysqlPool, mysqlStores } from './sql/mysql.ts';
import type { SqlServerOptions } from './sql/options.ts';
import { type PostgresPool, postgresStores } from './sql/postgres.ts';
import { sqliteStores } from './sql/sqlite.ts';
import type { Stores } from './stores.ts';

/** Settings of stores that can be out of reach. */
interface Remote {
  /** How long an answer may take before the store counts as out of reach. Default `'250ms'`. */
  readonly timeout?: Duration;
}

/**
 * Where state lives: one place for sessions, single-use records and limits.
 *
 * @example const setting: StoresSetting = { redis: 'redis://10.0.0.5:6379', prefix: 'shop:' }
 */
export type StoresSetting =
  | ({
      /** `redis://…`, `rediss://…`, or a client of the package `redis`. */
      readonly redis: string | RedisClient;
      /** Each key begins with it; default `'bulwark:'`. */
      readonly prefix?: string;
    } & Remote)
  | {
      /** The path of a file: for the processes of one machine. */
      readonly sqlite: string;
      /** The names of the tables begin with it; default `'bulwark_'`. */
      readonly prefix?: string;
    }
  | ({
      /** `postgres://…`, or a pool of the package `pg`. */
      readonly postgres: string | PostgresPool;
      /** The names of the tables begin with it; default `'bulwark_'`. */
      readonly prefix?: string;
    } & Remote)
  | ({
      /** `mysql://…` or `mariadb://…`, or a pool of `mysql2/promise`. */
      readonly mysql: string | MysqlPool;
      /** The names of the tables begin with it; default `'bulwark_'`. */
      readonly prefix?: string;
    } & Remote)
  | { readonly memory: true }
  | Stores;

const FIELD = 'stores';

/** The places that there are, and what else may be said of each. */
const PLACES: Readonly<Record<string, { readonly also: readonly string[]; readonly open: Open }>> = {
  redis: {
    also: ['prefix', 'timeout'],
    open: ({ redis, prefix, timeout }, services) =>
      redisStores(
        redis as string | RedisClient,
        { ...prefixOf(prefix), ...(timeout === undefined ? {} : { timeout: timeout as Duration }) },
        services,
      ),
  },
  sqlite: {
    also: ['prefix'],
    open: ({ sqlite, prefix }) => sqliteStores(sqlite as string, prefixOf(prefix)),
  },
  postgres: {
    also: ['prefix', 'timeout'],
    open: ({ postgres, ...given }) => postgresStores(postgres as string | PostgresPool, serverOptionsOf(given)),
  },
  mysql: {
    also: ['prefix', 'timeout'],
    open: ({ mysql, ...given }) => mysqlStores(mysql as string | MysqlPool, serverOptionsOf(given)),
  },
  memory: {
    also: [],
    open: ({ memory }) => {
      if (memory === true) return memoryStores();
      throw new ConfigError('ERR_CONFIG_VALUE', {
        field: `${FIELD}.memory`,
        message: 'it can only be true',
        fix: 'write { memory: true }, or name another place',
      });
    },
  },
};

function prefixOf(prefix: unknown): { prefix?: string } {
  return prefix === undefined ? {} : { prefix: prefix as string };
}

/** A database gives a call up by itself, so that none is left behind: not before the bound that was asked for. */
const LEAST = 2000;

function serverOptionsOf({ prefix, timeout }: Given): SqlServerOptions {
  const bound = timeout === undefined ? LEAST : boundOf(timeout);
  return { ...prefixOf(prefix), timeout: Math.max(LEAST, Math.ceil(bound)) };
}

function boundOf(timeout: unknown): number {
  return parseDuration(timeout as Duration, `${FIELD}.timeout`);
}

type Given = Readonly<Record<string, unknown>>;
type Open = (given: Given, services: { readonly emit: Emit }) => Stores;

const schema = z.strictObject(
  Object.fromEntries(
    [...Object.keys(PLACES), 'prefix', 'timeout'].map((key) => [key, z.unknown().optional()] as const),
  ),
);

/**
 * Opens what `policy.stores` names. Nothing is connected before `ready()` or the first use.
 *
 * A place that can be out of reach stands behind one breaker ({@link guardStores}). `Stores` of one's own are used as they
 * are, behind a breaker too, and left open at the end: whoever opened them closes them.
 *
 * @param services - where the events of an outage go
 * @throws ConfigError for an unknown key, no place or two, and what the place itself refuses. No message repeats an address:
 *   it may hold a password.
 * @example const stores = openStores({ redis: 'redis://127.0.0.1:6379' }, { emit })
 */
export function openStores(setting: StoresSetting, services: { readonly emit: Emit }): Stores {
  if (isStores(setting)) return { ...guardStores(setting, services), close: async () => undefined };
  const given = readSetting(setting);
  const named = Object.keys(PLACES).filter((key) => given[key] !== undefined);
  const [place = ''] = named;
  const known = PLACES[place];
  if (known === undefined || named.length > 1) throw oneOf(named);
  for (const key of ['prefix', 'timeout']) {
    if (given[key] !== undefined && !known.also.includes(key)) {
      throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
        field: `${FIELD}.${key}`,
        message: `stores in ${place} have no ${key}`,
        fix: 'remove it',
      });
    }
  }
  const { timeout } = given;
  const bound = timeout === undefined ? {} : { timeout: boundOf(timeout) };
  return guardStores(known.open(given, services), services, bound);
}

function readSetting(setting: unknown): Given {
  if (!isPlainObject(setting)) throw oneOf([]);
  const parsed = schema.safeParse(setting);
  if (!parsed.success) throw toConfigError(schema, parsed.error, setting, FIELD);
  return setting;
}

function oneOf(named: readonly string[]): ConfigError {
  const places = Object.keys(PLACES).join(', ');
  return new ConfigError(named.length > 1 ? 'ERR_CONFIG_CONTRADICTION' : 'ERR_CONFIG_VALUE', {
    field: FIELD,
    message: named.length > 1 ? `${named.join(' and ')} are two places` : 'it does not say where state is to live',
    fix: `name one of: ${places}, such as { redis: 'redis://127.0.0.1:6379' }; or give Stores of your own`,
  });
}

function isStores(setting: unknown): setting is Stores {
  const own = setting as Partial<Stores> | null | undefined;
  return (
    typeof own?.kind === 'string' &&
    typeof own.records?.get === 'function' &&
    typeof own.limits?.consume === 'function' &&
    typeof own.ready === 'function' &&
    typeof own.close === 'function'
  );
}
