import type { IncomingMessage } from 'node:http';
import { decisionsFor } from '../../decisions.ts';
import { ConfigError } from '../../errors.ts';
import { parseOrigin } from '../../origins.ts';

/** Which foreign origins may read a resource: the policy's, or one route's. */
export interface OriginSetting {
  /** Serialised origins, compared whole. */
  readonly origins: ReadonlySet<string>;
  /** Every page may read, without cookies: `Access-Control-Allow-Origin: *`. */
  readonly anyOrigin: boolean;
  /** The listed origins may read with cookies. */
  readonly credentials: boolean;
}

/** What the policy and `cors.allow()` have in common, as a user writes it. */
export interface OriginOptions {
  readonly origins?: unknown;
  readonly origin?: unknown;
  readonly credentials?: boolean | undefined;
  readonly dangerouslyAnyOrigin?: boolean | undefined;
}

/** Reads and checks the origins of a policy or of a route; throws ConfigError with what to write instead. */
export function readOriginSetting(options: OriginOptions, field: string): OriginSetting {
  const credentials = options.credentials ?? false;
  const anyOrigin = options.dangerouslyAnyOrigin ?? false;
  if (options.origins !== undefined && options.origin !== undefined) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: `${field}.origin`,
      message: 'origins is given too, and one of them would be ignored',
      fix: `write all origins into ${field}.origins`,
    });
  }
  if (anyOrigin && credentials) throw anyWithCredentials(`${field}.dangerouslyAnyOrigin`);
  const name = options.origin === undefined ? 'origins' : 'origin';
  const origins = readOrigins(options.origins ?? options.origin, `${field}.${name}`, credentials);
  return { origins: new Set(origins), anyOrigin, credentials };
}

/** The setting of the route, if it has one of its own: the innermost `cors.allow()`. */
export function routeSetting(req: IncomingMessage): OriginSetting | undefined {
  const decision = decisionsFor(req, 'cors').findLast(({ kind }) => kind === 'setting');
  return decision?.value as OriginSetting | undefined;
}

function readOrigins(value: unknown, field: string, credentials: boolean): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.map((item, i) => readOrigin(item, `${field}[${i}]`, credentials));
  return [readOrigin(value, field, credentials)];
}

function readOrigin(value: unknown, field: string, credentials: boolean): string {
  if (value === '*') {
    if (credentials) throw anyWithCredentials(field);
    throw new ConfigError('ERR_CONFIG_ORIGIN', {
      field,
      message: '"*" lets every page on the web read the answers',
      fix: `${EACH}; for data that is public anyway write cors.allow({ dangerouslyAnyOrigin: true }) on its route`,
    });
  }
  const unusable = UNUSABLE.find(([applies]) => applies(value));
  if (unusable !== undefined) throw new ConfigError('ERR_CONFIG_ORIGIN', { field, message: unusable[1], fix: EACH });
  return parseOrigin(value, field);
}

const EACH = "list each origin in full, such as ['https://shop.example', 'https://admin.shop.example']";

const UNUSABLE: readonly [(value: unknown) => boolean, string][] = [
  [(value) => value === true, 'true answers every origin with its own name, which is "*" in disguise'],
  [(value) => value === false, 'false is not a list; no foreign origin is the default'],
  [
    (value) => typeof value === 'function',
    'a function decides at run time, so nobody can read from the policy who is let in',
  ],
];

function anyWithCredentials(field: string): ConfigError {
  return new ConfigError('ERR_CONFIG_CONTRADICTION', {
    field,
    message: 'any origin together with credentials would let every page on the web read as the logged-in user',
    fix: `remove credentials, or ${EACH}`,
  });
}
