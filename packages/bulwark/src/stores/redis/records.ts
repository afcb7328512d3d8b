import { Refusal } from '../../errors.ts';
import { firstVersion } from '../record-rules.ts';
import type { KeyedRecord, NewRecord, RecordStore, StoredRecord } from '../record-store.ts';
import type { RedisConnection } from './connection.ts';
import { ENTER, LEAVE, MEMBERS, REPLACE, type Script, SHORTEN } from './scripts.ts';

/** Records that one owner may have at a time: listing them stays one quick step. */
const MOST = 1000;
/**
 * Milliseconds that the index remembers a record longer than the record lives: it is entered first, and the server may
 * carry the second step out later. A record that the index had forgotten could not be ended with the others.
 */
const SLACK = 60_000;

/** The number of an entry in the index, and the one that its lifetime alone would give. */
interface Entry {
  readonly number: number;
  readonly wanted: number;
}

/** A record and its number in the index of its owner; 0 where it has no owner. */
interface Held extends StoredRecord {
  readonly number: number;
}

/**
 * Records on a Redis server. A record is one text, read by one plain GET:
 *
 *     <version> <number in the owner's index> <length of owner, or -> <owner><value>
 *
 * The index of an owner is a sorted set under a key of its own, in whatever slot that falls: a record is entered there
 * **before** it is written, and what is listed is looked up again. So each step touches one key, and of a step that was
 * carried out alone there is too much in the index, never too little.
 */
export function redisRecords(connection: RedisConnection, prefix: string): RecordStore {
  const recordKey = (key: string): string => `${prefix}r:${key}`;
  const ownerKey = (owner: string): string => `${prefix}o:${owner}`;

  async function enter(key: string, { owner, ttl }: NewRecord): Promise<Entry> {
    if (owner === undefined) return { number: 0, wanted: 0 };
    const lifetime = String(Math.ceil(ttl) + SLACK);
    const answer = await ENTER.run(connection, ownerKey(owner), key, lifetime, String(MOST));
    if (answer === null) {
      throw new Refusal('ERR_UNAVAILABLE', { reason: `one owner may have ${MOST} records at a time` });
    }
    const [number, wanted] = Array.isArray(answer) ? (answer as unknown[]) : [];
    if (typeof number !== 'number' || typeof wanted !== 'number') throw unreadable();
    return { number, wanted };
  }

  /** Nobody waits for it, and it may fail: an entry without a record is not listed, and expires. */
  function tidy(script: Script, owner: string, ...args: readonly string[]): void {
    script.run(connection, ownerKey(owner), ...args).catch(() => undefined);
  }

  async function read(key: string): Promise<Held | undefined> {
    const found = recordKey(key);
    return parse(await connection.send(found, ['GET', found]));
  }

  return {
    shared: true,
    async get(key) {
      return publicPart(await read(key));
    },
    async insert(key, record) {
      const { number } = await enter(key, record);
      const at = recordKey(key);
      const text = format(firstVersion(), number, record);
      const answer = await connection.send(at, ['SET', at, text, 'PX', lifetimeOf(record), 'NX']);
      if (answer !== 'OK' && answer !== null) throw unreadable();
      return answer === 'OK';
    },
    async replace(key, version, record) {
      const next = version + 1;
      const { number, wanted } = await enter(key, record);
      const text = format(next, number, record);
      const answer = await REPLACE.run(connection, recordKey(key), String(version), text, lifetimeOf(record));
      if (answer === 1) {
        if (record.owner !== undefined && number > wanted) {
          tidy(SHORTEN, record.owner, key, String(number), String(wanted));
        }
        return { replaced: true, version: next };
      }
      return { replaced: false, current: publicPart(parse(answer)) };
    },
    async remove(key) {
      const at = recordKey(key);
      const held = parse(await connection.send(at, ['GETDEL', at]));
      if (held?.owner !== undefined) tidy(LEAVE, held.owner, key, String(held.number));
      return publicPart(held);
    },
    async list(owner) {
      const keys = await MEMBERS.run(connection, ownerKey(owner));
      if (!Array.isArray(keys)) throw unreadable();
      const found = await Promise.all((keys as string[]).map(async (key) => ({ key, held: await read(key) })));
      return found.flatMap(({ key, held }): KeyedRecord[] =>
        held?.owner === owner ? [{ key, value: held.value, version: held.version, owner }] : [],
      );
    },
  };
}

function lifetimeOf({ ttl }: NewRecord): string {
  return String(Math.ceil(ttl));
}

function format(version: number, number: number, { owner, value }: NewRecord): string {
  return `${version} ${number} ${owner === undefined ? '-' : owner.length} ${owner ?? ''}${value}`;
}

const HEAD = /^([1-9]\d{0,15}) (\d{1,16}) (-|\d{1,4}) /;

function parse(text: unknown): Held | undefined {
  if (text === null || text === undefined) return undefined;
  const head = typeof text === 'string' ? HEAD.exec(text) : null;
  // Not as if there were nothing: what cannot be read is an outage, not the end of a session.
  if (head === null) throw unreadable();
  const rest = (text as string).slice(head[0].length);
  const [, version, number, length] = head;
  const fixed = { version: Number(version), number: Number(number) };
  if (length === '-') return { ...fixed, value: rest };
  return { ...fixed, owner: rest.slice(0, Number(length)), value: rest.slice(Number(length)) };
}

function publicPart(held: Held | undefined): StoredRecord | undefined {
  if (held === undefined) return undefined;
  const { number: _number, ...record } = held;
  return record;
}

function unreadable(): TypeError {
  return new TypeError('the server gave an answer that cannot be read');
}
