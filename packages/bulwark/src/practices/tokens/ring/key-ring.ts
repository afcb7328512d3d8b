import { ConfigError } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import type { MaybePromise, StoredRecord } from '../../../stores/record-store.ts';
import { frozenCopy } from '../../input/validate/containers.ts';
import { type Records, unavailable } from '../fail-closed.ts';
import { generateTokenKey } from '../jws/generate-key.ts';
import type { Jwk } from '../jws/jwk.ts';
import { type JwkSet, readVerifyKeys } from '../jws/key-set.ts';
import { publicJwkOf, readSigningKey } from '../jws/signing-key.ts';
import { checkHmacStrength } from '../jwt/hmac-strength.ts';
import { CLOCK_TOLERANCE } from '../tolerance.ts';
import { firstRing, isDue, isPublished, type Ring, type RingRules, replaceAll, turn } from './ring-state.ts';
import type { Sealer } from './sealer.ts';

/** The keys as they are now. */
export interface KeyView {
  /** What signs. */
  readonly signing: Jwk;
  /** What verifies: the next, the current and the previous ones, frozen. An HMAC key is in it, and nowhere else. */
  readonly verifying: JwkSet;
  /** What may be shown; undefined where keys have no public half. */
  readonly published: JwkSet | undefined;
}

/** What became of a rotation. */
export interface Rotation {
  /** False where the next key is not known to everybody yet; see {@link KeySource.rotate}. */
  readonly rotated: boolean;
  /** The key that signs now. */
  readonly kid: string;
}

/** Where keys come from. */
export interface KeySource {
  /** The keys, fresh enough; at once where they are at hand. */
  load(): MaybePromise<KeyView>;
  /** Looks again for a key that is not known, unless that was done a moment ago; true if there are other keys now. */
  lookAgain(): Promise<boolean>;
  rotate(options: { readonly compromised: boolean }): Promise<Rotation>;
}

/** What a ring is made of. */
export interface KeyRingParts {
  readonly records: Records;
  /** Its key in the store. */
  readonly place: string;
  readonly algorithm: 'EdDSA' | 'ES256' | 'RS256';
  readonly rules: RingRules;
  readonly sealer: Sealer;
  readonly emit: Emit;
  readonly now: () => number;
}

/** How old what is known of a ring may be: so long may a compromised key live on in another process. */
export const RECHECK = 30_000;
/** A key that nobody knows is looked for no more often. */
const LOOK_AGAIN = 5000;
const ATTEMPTS = 6;
const DAY = 86_400_000;
const REFUSED = 'the keys in the store cannot be used';

/**
 * A ring of keys in a record store: it rotates by itself when it is used, and processes that do it at once make one new
 * key, because a replacement in the store succeeds for one of them only. No timer runs.
 *
 * The ring is sealed as a whole: whoever writes to the store can neither read a private key nor put in a public one of his
 * own, nor change a time. An older copy of the ring is refused by every process that has seen a newer one.
 */
export function createKeyRing(parts: KeyRingParts): KeySource {
  const { records, place, algorithm, rules, sealer, emit, now } = parts;
  const ttl = rules.rotateEvery * 2 + rules.keepFor + 30 * DAY;
  const record = (ring: Ring): { value: string; ttl: number; owner: string } => ({
    value: sealer.seal(JSON.stringify(ring)),
    ttl,
    owner: place,
  });
  let known: { readonly ring: Ring; readonly view: KeyView } | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let pending: Promise<KeyView> | undefined;
  let refusedAt = Number.NEGATIVE_INFINITY;

  function load(): MaybePromise<KeyView> {
    const age = now() - readAt;
    if (known !== undefined && age >= 0 && age < RECHECK) return known.view;
    return read();
  }

  /** One at a time: a thousand requests that wait for the keys are one question to the store. */
  function read(): Promise<KeyView> {
    pending ??= settle().finally(() => {
      pending = undefined;
    });
    return pending;
  }

  async function settle(): Promise<KeyView> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const stored = await records.get(place);
      const ring = stored === undefined ? await create() : await upkeep(stored);
      if (ring !== undefined) return take(ring);
    }
    throw unavailable('the keys are being changed');
  }

  /** Undefined where another process was faster: then there is a ring to read. */
  async function create(): Promise<Ring | undefined> {
    const ring = firstRing(await generateTokenKey(algorithm), await generateTokenKey(algorithm), now());
    if (!(await records.insert(place, record(ring)))) return undefined;
    const what =
      known === undefined ? 'made the first keys to sign tokens with' : 'the keys were gone: new ones were made';
    tell('INFO', what, { place });
    return ring;
  }

  async function upkeep(stored: StoredRecord): Promise<Ring | undefined> {
    const { ring, isNewest } = open(stored);
    if (isDue(ring, now(), rules)) return write(stored, turn(ring, await generateTokenKey(algorithm), now(), rules));
    // Sealed again, so that the older secret can be taken away. Whoever else does it at the same time does it as well.
    if (!isNewest) await records.replace(place, stored.version, record(ring));
    return ring;
  }

  async function write(stored: StoredRecord, ring: Ring): Promise<Ring | undefined> {
    const { replaced } = await records.replace(place, stored.version, record(ring));
    if (!replaced) return undefined;
    tell('INFO', 'the next key signs tokens now', { kid: ring.current.jwk.kid });
    return ring;
  }

  function open(stored: StoredRecord): { readonly ring: Ring; readonly isNewest: boolean } {
    const opened = sealer.open(stored.value);
    if (opened === undefined) throw refused('they were altered, or sealed with another encryption key');
    const ring = JSON.parse(opened.text) as Ring;
    const seen = known?.ring;
    if (seen !== undefined && isOlder(ring, seen)) throw refused('they are an older copy of the keys');
    return { ring, isNewest: opened.isNewest };
  }

  function take(ring: Ring): KeyView {
    const at = now();
    readAt = at;
    if (known?.ring.id !== ring.id || known.ring.generation !== ring.generation || hasEnded(known.ring, at)) {
      known = { ring, view: viewOf(ring, at) };
    }
    return known.view;
  }

  function refused(why: string): Error {
    if (now() - refusedAt > 60_000) {
      refusedAt = now();
      const description = `${REFUSED}: ${why}. No token is issued or accepted. Give the encryption key that they were sealed with, or remove the record ${place}: tokens that are out end then`;
      emit({ event: 'sys_token_keys_refused', level: 'CRITICAL', practice: 'tokens', description });
    }
    return unavailable(REFUSED, new Error(why));
  }

  function tell(level: 'INFO' | 'CRITICAL', description: string, details?: Readonly<Record<string, unknown>>): void {
    emit({ event: 'sys_token_keys_changed', level, practice: 'tokens', description, ...(details && { details }) });
  }

  return {
    load,
    async lookAgain() {
      const age = now() - readAt;
      if (age >= 0 && age < LOOK_AGAIN) return false;
      const before = known?.view;
      return (await read()) !== before;
    },
    async rotate({ compromised }) {
      await load();
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const stored = await records.get(place);
        if (stored === undefined) {
          await read();
          continue;
        }
        const { ring } = open(stored);
        const kidNow = String(ring.current.jwk.kid);
        if (!compromised && !isPublished(ring, now(), rules)) return { rotated: false, kid: kidNow };
        const fresh = await generateTokenKey(algorithm);
        const turned = compromised
          ? replaceAll(ring, await generateTokenKey(algorithm), fresh, now())
          : turn(ring, fresh, now(), rules);
        const { replaced } = await records.replace(place, stored.version, record(turned));
        if (!replaced) continue;
        take(turned);
        const kid = String(turned.current.jwk.kid);
        if (compromised) tell('CRITICAL', 'all keys were replaced: tokens that they signed have ended', { kid });
        else tell('INFO', 'the next key signs tokens now', { kid });
        return { rotated: true, kid };
      }
      throw unavailable('the keys are being changed');
    },
  };
}

/** Of one ring the one that changed less often; of two, the one that was made before, whoever has taken the other away. */
function isOlder(ring: Ring, seen: Ring): boolean {
  return ring.id === seen.id ? ring.generation < seen.generation : ring.born < seen.born - CLOCK_TOLERANCE;
}

function hasEnded({ previous }: Ring, at: number): boolean {
  return previous.some(({ until }) => until <= at);
}

function viewOf({ current, next, previous }: Ring, at: number): KeyView {
  const retired = previous.filter(({ until }) => until > at).map(({ jwk }) => jwk);
  const published = frozenSet([publicJwkOf(current.jwk), publicJwkOf(next.jwk), ...retired]);
  return { signing: current.jwk, verifying: published, published };
}

/** Who caches what they verify knows them by their object, so that it must not change. */
function frozenSet(keys: readonly Jwk[]): JwkSet {
  return frozenCopy({ keys }) as JwkSet;
}

/** Keys that the app itself keeps. */
export interface GivenKeys {
  /** The private JWK (or HMAC key) that signs. */
  readonly signing: Jwk;
  /** Public JWKs that verify too: the one before, the next one. */
  readonly verifying?: readonly Jwk[];
}

/**
 * Keys that the app keeps: nothing is stored, and nothing rotates.
 *
 * @throws ConfigError where a key cannot be used
 */
export function createGivenKeys({ signing, verifying = [] }: GivenKeys): KeySource {
  const isSecret = readSigningKey(signing, 'tokens.keys.signing').key.type === 'secret';
  const own = isSecret ? signing : publicJwkOf(signing);
  const all = frozenSet([own, ...verifying]);
  for (const { kty, key } of readVerifyKeys(all, 'tokens.keys'))
    if (kty === 'oct') checkHmacStrength(key, 'tokens.keys');
  const view: KeyView = { signing, verifying: all, published: isSecret ? undefined : all };
  return {
    load: () => view,
    lookAgain: async () => false,
    rotate() {
      throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
        field: 'tokens.keys',
        message: 'the app keeps its keys itself, so that they cannot be rotated here',
        fix: 'give others and start again, or leave tokens.keys.signing out',
      });
    },
  };
}
