import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordStore } from '../../src/stores/record-store.ts';
import { anyTextContract } from './record-store-any-text.ts';
import { callsOf, LONG } from './record-store-calls.ts';

/** A store to be tested, empty, and the time that it goes by. */
export interface RecordStoreUnderTest {
  readonly store: RecordStore;
  /**
   * Further stores on the same records, where there can be some: other connections, as another process has them. Those who
   * call at once in a test are spread over all.
   */
  readonly others?: readonly RecordStore[];
  /** Lets time pass for the records: a shared store may have to wait really. */
  advance(ms: number): void | Promise<void>;
  close?(): void | Promise<void>;
}

/** A ttl that a test waits for. What has to be done while the record lives must fit into it. */
const SHORT = 1500;

/**
 * What each store of records has to do, whatever it keeps them in.
 *
 * Those who call at once are 50 calls that are begun without waiting for one another, over all connections that there are.
 */
export function recordStoreContract(
  name: string,
  create: () => RecordStoreUnderTest | Promise<RecordStoreUnderTest>,
): void {
  describe(`${name} keeps the contract of a store of records`, () => {
    let under: RecordStoreUnderTest;
    beforeEach(async () => {
      under = await create();
    });
    afterEach(async () => {
      await under.close?.();
    });

    const calls = callsOf(() => under.store);
    const { get, insert, replace, remove, list, keysOf, versionOf } = calls;
    /** Begins `count` calls at once, each on the next of the connections. */
    const atOnce = <T>(count: number, call: (store: RecordStore, i: number) => T | Promise<T>): Promise<T[]> => {
      const stores = [under.store, ...(under.others ?? [])];
      return Promise.all(
        Array.from({ length: count }, async (_, i) => call(stores[i % stores.length] as RecordStore, i)),
      );
    };

    describe('get', () => {
      it('gives what was inserted', async () => {
        await insert('a', { value: '{"user":1}', owner: 'u' });
        const record = await get('a');
        expect(record).toEqual({ value: '{"user":1}', version: expect.any(Number), owner: 'u' });
        expect(Number.isSafeInteger(record?.version)).toBe(true);
        expect(record?.version).toBeGreaterThan(0);
      });

      it('gives undefined where there is nothing', async () => {
        expect(await get('a')).toBeUndefined();
      });

      it('gives no owner where there is none', async () => {
        await insert('a');
        expect(Object.keys((await get('a')) ?? {}).toSorted()).toEqual(['value', 'version']);
      });

      it('gives a copy: what was given does not change with the record', async () => {
        await insert('a', { value: 'before' });
        const before = await get('a');
        await replace('a', before?.version ?? 0, { value: 'after' });
        expect(before?.value).toBe('before');
      });
    });

    describe('insert', () => {
      it('succeeds once, and changes nothing the second time', async () => {
        expect(await insert('a', { value: 'first', owner: 'u' })).toBe(true);
        const before = await get('a');
        expect(await insert('a', { value: 'second', owner: 'w' })).toBe(false);
        expect(await get('a')).toEqual(before);
        expect(await keysOf('w')).toEqual([]);
      });

      it('succeeds for one of 50 who call at once', async () => {
        const results = await atOnce(50, (store, i) => store.insert('a', { value: `${i}`, ttl: LONG }));
        expect(results.filter(Boolean)).toHaveLength(1);
        expect((await get('a'))?.value).toBe(`${results.indexOf(true)}`);
      });

      it('succeeds for one of 50 who call at once where a record has expired', async () => {
        await insert('a', { ttl: 1 });
        await under.advance(5);
        const results = await atOnce(50, (store, i) => store.insert('a', { value: `${i}`, ttl: LONG }));
        expect(results.filter(Boolean)).toHaveLength(1);
        expect((await get('a'))?.value).toBe(`${results.indexOf(true)}`);
      });

      it('succeeds again after the record was removed, or has expired', async () => {
        await insert('a', { value: 'first' });
        await remove('a');
        expect(await insert('a', { value: 'second', ttl: SHORT, owner: 'u' })).toBe(true);
        expect(await insert('a')).toBe(false);
        await under.advance(SHORT + 1);
        expect(await insert('a', { value: 'third' })).toBe(true);
        expect(await get('a')).toEqual({ value: 'third', version: expect.any(Number) });
        expect(await keysOf('u')).toEqual([]);
      });

      it('keeps different keys apart when all are inserted at once', async () => {
        const results = await atOnce(50, (store, i) => store.insert(`k${i}`, { value: `${i}`, ttl: LONG, owner: 'u' }));
        expect(results.every(Boolean)).toBe(true);
        for (let i = 0; i < 50; i++) expect((await get(`k${i}`))?.value).toBe(`${i}`);
      });
    });

    describe('replace', () => {
      it('replaces the version that it was told, and adds 1', async () => {
        await insert('a');
        const version = await versionOf('a');
        expect(await replace('a', version, { value: 'second' })).toEqual({ replaced: true, version: version + 1 });
        expect(await replace('a', version + 1, { value: 'third' })).toEqual({ replaced: true, version: version + 2 });
        expect(await get('a')).toEqual({ value: 'third', version: version + 2 });
      });

      it('replaces also where nothing is different', async () => {
        await insert('a', { value: 'same', owner: 'u' });
        const version = await versionOf('a');
        expect(await replace('a', version, { value: 'same', owner: 'u' })).toEqual({
          replaced: true,
          version: version + 1,
        });
      });

      it('changes nothing where the version is another, and says what there is', async () => {
        await insert('a', { value: 'first', owner: 'u' });
        const version = await versionOf('a');
        const wrong = [version + 1, version - 1, 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60];
        for (const given of wrong) {
          expect(await replace('a', given, { value: 'second', owner: 'w' })).toEqual({
            replaced: false,
            current: { value: 'first', version, owner: 'u' },
          });
        }
        expect(await get('a')).toEqual({ value: 'first', version, owner: 'u' });
      });

      it('succeeds for one of 50 who replace the same version at once; the others get what it wrote', async () => {
        await insert('a');
        const version = await versionOf('a');
        const results = await atOnce(50, (store, i) => store.replace('a', version, { value: `${i}`, ttl: LONG }));
        const winners = results.flatMap((result, i) => (result.replaced ? [i] : []));
        expect(winners).toHaveLength(1);
        const current = { value: `${winners[0]}`, version: version + 1 };
        for (const result of results) {
          if (!result.replaced) expect(result).toEqual({ replaced: false, current });
        }
        expect(await get('a')).toEqual(current);
      });

      it('loses no update of those who try again with what they were given', async () => {
        await insert('a', { value: '0' });
        await atOnce(20, async (store) => {
          let current = await store.get('a');
          for (;;) {
            if (current === undefined) throw new Error('the record is gone');
            const value = `${Number(current.value) + 1}`;
            const result = await store.replace('a', current.version, { value, ttl: LONG });
            if (result.replaced) return;
            current = result.current;
          }
        });
        expect((await get('a'))?.value).toBe('20');
      });

      it('control: those who read and then write, whatever has happened in between, lose updates', async () => {
        await insert('a', { value: '0' });
        await atOnce(20, async (store) => {
          const read = await store.get('a');
          // Other requests are served while one waits for its handler.
          await new Promise(setImmediate);
          const { version } = (await store.get('a')) ?? { version: 0 };
          await store.replace('a', version, { value: `${Number(read?.value) + 1}`, ttl: LONG });
        });
        expect(Number((await get('a'))?.value)).toBeLessThan(20);
      });

      it('never brings a record back that was removed', async () => {
        await insert('a', { owner: 'u' });
        const version = await versionOf('a');
        await remove('a');
        expect(await replace('a', version, { owner: 'u' })).toEqual({ replaced: false, current: undefined });
        expect(await get('a')).toBeUndefined();
        expect(await keysOf('u')).toEqual([]);
      });

      it('never brings a record back that has expired', async () => {
        await insert('a', { ttl: SHORT, owner: 'u' });
        const version = await versionOf('a');
        await under.advance(SHORT + 1);
        expect(await replace('a', version, { owner: 'u' })).toEqual({ replaced: false, current: undefined });
        expect(await get('a')).toBeUndefined();
        expect(await keysOf('u')).toEqual([]);
      });

      it('never makes a record', async () => {
        for (const version of [0, 1]) {
          expect(await replace('a', version)).toEqual({ replaced: false, current: undefined });
        }
        expect(await get('a')).toBeUndefined();
      });

      it('never brings a record back while others remove it', async () => {
        for (let round = 0; round < 10; round++) {
          await insert('a');
          const version = await versionOf('a');
          const results = await atOnce(20, (store, i) =>
            i === 10 ? store.remove('a') : store.replace('a', version, { value: `${i}`, ttl: LONG }),
          );
          expect(results[10]).toBeDefined();
          expect(await get('a')).toBeUndefined();
        }
      });

      it('never replaces the record that came after the one whose version it was told', async () => {
        await insert('a', { value: 'first life' });
        const stale = await versionOf('a');
        await remove('a');
        await insert('a', { value: 'second life', ttl: SHORT });
        const second = await versionOf('a');
        expect(second).not.toBe(stale);
        expect(await replace('a', stale)).toMatchObject({ replaced: false, current: { value: 'second life' } });
        await under.advance(SHORT + 1);
        await insert('a', { value: 'third life' });
        for (const version of [stale, second]) expect((await replace('a', version)).replaced).toBe(false);
        expect((await get('a'))?.value).toBe('third life');
      });
    });

    describe('remove', () => {
      it('gives what was removed, whatever its version, and then there is nothing', async () => {
        await insert('a', { value: 'first', owner: 'u' });
        const version = await versionOf('a');
        await replace('a', version, { value: 'second', owner: 'u' });
        expect(await remove('a')).toEqual({ value: 'second', version: version + 1, owner: 'u' });
        expect(await get('a')).toBeUndefined();
        expect(await remove('a')).toBeUndefined();
        expect(await remove('never there')).toBeUndefined();
      });

      it('gives the record to one of 50 who remove it at once', async () => {
        for (let round = 0; round < 5; round++) {
          await insert('a', { value: `${round}` });
          const results = await atOnce(50, (store) => store.remove('a'));
          expect(results.filter((result) => result !== undefined)).toEqual([
            { value: `${round}`, version: expect.any(Number) },
          ]);
        }
      });

      it('removes nothing else', async () => {
        await insert('a');
        await insert('b');
        await remove('a');
        expect(await get('b')).toBeDefined();
      });

      it('does not give what has expired', async () => {
        await insert('a', { ttl: SHORT });
        await under.advance(SHORT + 1);
        expect(await remove('a')).toBeUndefined();
      });
    });

    describe('ttl', () => {
      it('ends a record, and not before', async () => {
        await insert('short', { ttl: SHORT, owner: 'u' });
        await insert('long', { ttl: SHORT * 4, owner: 'u' });
        expect(await keysOf('u')).toEqual(['long', 'short']);
        await under.advance(SHORT + 1);
        expect(await get('short')).toBeUndefined();
        expect(await get('long')).toBeDefined();
        expect(await keysOf('u')).toEqual(['long']);
      });

      it('begins anew when a record is replaced, longer or shorter', async () => {
        await insert('longer', { ttl: SHORT });
        await insert('shorter', { ttl: SHORT * 10 });
        expect((await replace('longer', await versionOf('longer'), { ttl: SHORT * 4 })).replaced).toBe(true);
        expect((await replace('shorter', await versionOf('shorter'), { ttl: SHORT })).replaced).toBe(true);
        await under.advance(SHORT + 1);
        expect(await get('longer')).toBeDefined();
        expect(await get('shorter')).toBeUndefined();
      });

      it('may be a year and more, and a part of a millisecond is no harm', async () => {
        await insert('a', { ttl: 400 * 86_400_000 });
        await insert('b', { ttl: LONG + 0.75 });
        expect(await get('a')).toBeDefined();
        expect(await get('b')).toBeDefined();
      });
    });

    describe('list', () => {
      it('gives the records of an owner, and no others', async () => {
        await insert('a', { value: '1', owner: 'u' });
        await insert('b', { value: '2', owner: 'u' });
        await insert('c', { value: '3', owner: 'w' });
        await insert('d', { value: '4' });
        expect((await list('u')).toSorted((x, y) => (x.key < y.key ? -1 : 1))).toEqual([
          { key: 'a', value: '1', version: await versionOf('a'), owner: 'u' },
          { key: 'b', value: '2', version: await versionOf('b'), owner: 'u' },
        ]);
        expect(await keysOf('nobody')).toEqual([]);
        expect(await keysOf('')).toEqual([]);
      });

      it('follows a change of owner', async () => {
        await insert('a', { owner: 'u' });
        const version = await versionOf('a');
        await replace('a', version, { owner: 'w' });
        expect([await keysOf('u'), await keysOf('w')]).toEqual([[], ['a']]);
        await replace('a', version + 1);
        expect([await keysOf('u'), await keysOf('w')]).toEqual([[], []]);
        expect(await get('a')).not.toHaveProperty('owner');
        await replace('a', version + 2, { owner: 'u' });
        expect([await keysOf('u'), await keysOf('w')]).toEqual([['a'], []]);
      });

      it('leaves out what was removed', async () => {
        await insert('a', { owner: 'u' });
        await insert('b', { owner: 'u' });
        await remove('a');
        expect(await keysOf('u')).toEqual(['b']);
        await remove('b');
        expect(await keysOf('u')).toEqual([]);
      });

      it('gives 200 of one owner', async () => {
        const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
        await atOnce(200, (store, i) => store.insert(`k${i}`, { value: '', ttl: LONG, owner: 'u' }));
        expect(await keysOf('u')).toEqual(keys.toSorted());
      });
    });

    anyTextContract(calls);

    it('answers at once where it says that it lives in this process', async () => {
      const asked: (() => unknown)[] = [
        () => under.store.insert('a', { value: '', ttl: LONG }),
        () => under.store.replace('a', 0, { value: '', ttl: LONG }),
        () => under.store.get('a'),
        () => under.store.list('a'),
        () => under.store.remove('a'),
      ];
      for (const call of asked) {
        const answer = call();
        if (under.store.local === true) expect(answer).not.toBeInstanceOf(Promise);
        expect(await answer).toBeDefined();
      }
    });

    it('says whether other processes see the same records', () => {
      expect(under.store.shared === true).toBe((under.others ?? []).length > 0);
    });
  });
}
