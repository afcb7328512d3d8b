import { ConfigError } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import type { StoredRecord } from '../../../stores/record-store.ts';
import { type Records, unavailable } from '../fail-closed.ts';
import { hashOf, isSameHash } from '../hash.ts';
import { TokenError } from '../jws/token-error.ts';
import { makeApiKey, readApiKey } from './format.ts';

/** What a new key is for. */
export interface NewApiKey {
  /** Whose it is: the id of a user or of a service. */
  readonly owner: string;
  /** What it may do, as `access.scope()` names it; a key without scopes passes no route but public ones. */
  readonly scopes: readonly string[];
  /** What its owner calls it. */
  readonly label?: string;
  /** Until when; no later than `apiKeys.ttl` from now, which is what it has without it. */
  readonly expiresAt?: Date;
}

/** A key, without its secret. */
export interface ApiKeyInfo {
  /** No secret: it stands in the key, in lists and in logs. */
  readonly id: string;
  readonly owner: string;
  readonly scopes: readonly string[];
  readonly label: string | undefined;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** To the minute; undefined until it is used. */
  readonly lastUsedAt: Date | undefined;
}

/** Makes, lists and ends API keys. */
export interface ApiKeys {
  /**
   * Makes a key. It is shown once: only its hash is kept.
   *
   * @throws ConfigError for an owner, scopes or an end that a key cannot have
   * @example const { id, key } = await gate.tokens.apiKeys.create({ owner: user.id, scopes: ['orders:read'] })
   */
  create(key: NewApiKey): Promise<ApiKeyInfo & { readonly key: string }>;
  /**
   * Whose a key is, and what it may do.
   *
   * @throws TokenError where it is malformed (no store is asked then), unknown, revoked or expired
   */
  verify(key: string): Promise<ApiKeyInfo>;
  /** The keys of an owner that are in use. */
  list(owner: string): Promise<readonly ApiKeyInfo[]>;
  /** Ends a key now, everywhere; false if there is none. Give the owner, and a key of another is left alone. */
  revoke(id: string, options?: { readonly owner?: string }): Promise<boolean>;
}

/** What API keys are made of. Milliseconds. */
export interface ApiKeyParts {
  readonly records: Records;
  readonly prefix: string;
  readonly ttl: number;
  readonly emit: Emit;
  readonly now: () => number;
}

interface Kept {
  readonly hash: string;
  readonly owner: string;
  readonly scopes: readonly string[];
  readonly label?: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly lastUsedAt?: number;
}

/** `lastUsedAt` is written no more often. */
const TOUCH_EVERY = 60_000;
const PLACE = 'api-key:';
/** RFC 6750 3: what a scope may be made of. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

/**
 * API keys: random, hashed at rest, with scopes and an end, and gone when they are revoked (CWE-798, CWE-916, ASVS 13.3.4).
 *
 * @example createApiKeys({ records, prefix: 'bwk', ttl, emit, now: Date.now })
 */
export function createApiKeys({ records, prefix, ttl, emit, now }: ApiKeyParts): ApiKeys {
  const recordOf = (kept: Kept): { value: string; ttl: number; owner: string } => ({
    value: JSON.stringify(kept),
    ttl: Math.max(1, kept.expiresAt - now()),
    owner: ownerKey(kept.owner),
  });

  /** It is no part of the answer: what goes wrong here leaves an older time in the list. A revoked key is not brought back. */
  async function touch(key: string, { version }: StoredRecord, kept: Kept): Promise<void> {
    const at = now();
    if (at - (kept.lastUsedAt ?? 0) < TOUCH_EVERY) return;
    try {
      await records.replace(key, version, recordOf({ ...kept, lastUsedAt: at }));
    } catch {
      // Told by whoever needs the store.
    }
  }

  return {
    async create(given) {
      const kept = readNewKey(given, now(), ttl);
      const { id, key } = makeApiKey(prefix);
      const whole: Kept = { hash: hashOf(key), ...kept };
      if (!(await records.insert(PLACE + id, recordOf(whole)))) throw unavailable('a key could not be made');
      emit({
        event: 'authn_token_created',
        level: 'INFO',
        practice: 'tokens',
        description: 'an API key was made',
        details: { user: kept.owner, key: id, scopes: kept.scopes },
      });
      return { ...infoOf(id, whole), key };
    },
    async verify(text) {
      const read = readApiKey(text, prefix);
      if (read === undefined) throw new TokenError('api-key-malformed');
      const stored = await records.get(PLACE + read.id);
      if (stored === undefined) throw new TokenError('api-key-unknown');
      const kept = keptOf(stored);
      if (!isSameHash(kept.hash, hashOf(text))) throw new TokenError('api-key-unknown');
      if (!(now() < kept.expiresAt)) throw new TokenError('expired');
      void touch(PLACE + read.id, stored, kept);
      return infoOf(read.id, kept);
    },
    async list(owner) {
      const found = await records.list(ownerKey(owner));
      return found
        .map((stored) => infoOf(stored.key.slice(PLACE.length), keptOf(stored)))
        .filter(({ expiresAt }) => expiresAt.getTime() > now())
        .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
    },
    async revoke(id, { owner } = {}) {
      const key = PLACE + String(id).slice(0, 64);
      if (owner !== undefined) {
        const stored = await records.get(key);
        if (stored === undefined || keptOf(stored).owner !== owner) return false;
      }
      const removed = await records.remove(key);
      if (removed === undefined) return false;
      emit({
        event: 'authn_token_revoked',
        level: 'INFO',
        practice: 'tokens',
        description: 'an API key was revoked',
        details: { user: keptOf(removed).owner, key: id },
      });
      return true;
    },
  };
}

function ownerKey(owner: string): string {
  return `api-keys:${hashOf(owner)}`;
}

function readNewKey(given: NewApiKey, at: number, ttl: number): Omit<Kept, 'hash'> {
  const { owner, scopes, label, expiresAt } = given ?? {};
  if (typeof owner !== 'string' || owner === '')
    throw bad('owner', 'it is missing or no text', 'write the id of a user');
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string' && SCOPE.test(scope))) {
    throw bad('scopes', 'they are no list of scopes', "name what the key may do: ['orders:read']");
  }
  if (label !== undefined && !(typeof label === 'string' && label.length <= 200)) {
    throw bad('label', 'it is no text of up to 200 characters', 'shorten it');
  }
  const end = expiresAt === undefined ? at + ttl : expiresAt instanceof Date ? expiresAt.getTime() : Number.NaN;
  if (!(end > at && end <= at + ttl)) {
    throw bad('expiresAt', 'it is no time between now and apiKeys.ttl from now', 'give a Date, or raise apiKeys.ttl');
  }
  return {
    owner,
    scopes: [...new Set(scopes)],
    ...(label === undefined ? {} : { label }),
    createdAt: at,
    expiresAt: end,
  };
}

function bad(name: string, message: string, fix: string): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', { field: `apiKeys.create().${name}`, message, fix });
}

function keptOf({ value }: StoredRecord): Kept {
  return JSON.parse(value) as Kept;
}

function infoOf(id: string, { owner, scopes, label, createdAt, expiresAt, lastUsedAt }: Kept): ApiKeyInfo {
  return {
    id,
    owner,
    scopes,
    label,
    createdAt: new Date(createdAt),
    expiresAt: new Date(expiresAt),
    lastUsedAt: lastUsedAt === undefined ? undefined : new Date(lastUsedAt),
  };
}
