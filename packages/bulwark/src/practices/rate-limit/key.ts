import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ConfigError } from '../../errors.ts';
import { ipPrefix } from '../client/address.ts';
import { clientOf } from '../client/index.ts';
import type { KeyPart, ResolvedRateLimitOptions } from './options.ts';

/** What a limit is counted by. */
export interface KeyOf {
  /** The key of a request, without the limiter's name. It has at most 120 characters, whatever was sent. */
  readonly of: (req: IncomingMessage) => string;
  /** For the coverage: `client`, `account and client`. */
  readonly summary: string;
  /** The client is part of it, so that what is left of the limit is the client's own business. */
  readonly hasClient: boolean;
  readonly hasAccount: boolean;
  /** By the client and nothing else: no other client draws from the same limit. */
  readonly isClient: boolean;
}

/**
 * Makes the function that finds a request's key. The URL is never part of it: a path has many spellings, and each
 * would be a limit of its own.
 *
 * @throws ConfigError `ERR_CONFIG_CONTRADICTION` where parts of the key do not go together
 */
export function compileKey(options: ResolvedRateLimitOptions, field: string, isRoute: boolean): KeyOf {
  const { account, ipv6Prefix } = options;
  const parts = new Set<KeyPart>(typeof options.key === 'object' ? options.key : [options.key]);
  if (parts.has('account') !== (account !== undefined)) {
    throw contradiction(
      `${field}.account`,
      "key: 'account' and the function account go together",
      'give both or neither',
    );
  }
  if (parts.has('route') && !isRoute) {
    throw contradiction(
      `${field}.key`,
      "'route' would give all clients of the app one limit",
      "use it in a route's limit()",
    );
  }
  const functions = [...parts].filter((part) => typeof part === 'function');
  if (options.dangerouslyReplaceKey && functions.length === 0) {
    throw contradiction(`${field}.dangerouslyReplaceKey`, 'there is no function in key', 'remove it');
  }
  if (functions.length > 0 && !options.dangerouslyReplaceKey) parts.add('client');
  const hasClient = parts.has('client');
  const hasAccount = parts.has('account');

  const clientKey = (req: IncomingMessage): string => `c:${ipPrefix(clientOf(req).ip, ipv6Prefix)}`;
  const summary = [...parts].map((part) => (typeof part === 'function' ? 'a function' : part)).join(' and ');

  function keyOf(req: IncomingMessage): string {
    let key = hasClient ? clientKey(req) : '';
    if (account !== undefined) {
      const named = textOf(account(req)).normalize('NFKC').toLowerCase().trim();
      // Without an account there is still somebody who sends: counted by client, never uncounted.
      if (named === '') key = clientKey(req);
      else key += `a:${digest(named)}`;
    }
    for (const part of functions) key += `k:${digest(textOf(part(req)))}`;
    return key;
  }
  const isClient = hasClient && !hasAccount && functions.length === 0;
  return { of: isClient ? clientKey : keyOf, summary, hasClient, hasAccount, isClient };
}

/**
 * The text of a value that may come from a request's body. A list of one name is that name, as it is for most code
 * that reads it; an object never gets far as a name, and all of them count as one.
 */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, 1024);
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const isFlat = Array.isArray(value) && value.every((item) => typeof item !== 'object');
  return isFlat ? value.join(',').slice(0, 1024) : '[object]';
}

/** 132 bits of SHA-256: nobody finds two names with one digest, and no name is kept. */
function digest(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}

function contradiction(field: string, message: string, fix: string): ConfigError {
  return new ConfigError('ERR_CONFIG_CONTRADICTION', { field, message, fix });
}
