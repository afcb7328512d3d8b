import type { RateLimitStore } from '../../src/stores/rate-limit-store.ts';
import type { RecordStore } from '../../src/stores/record-store.ts';
import type { Stores } from '../../src/stores/stores.ts';
import type { StoreUnderTest } from './rate-limit-store-contract.ts';
import type { RecordStoreUnderTest } from './record-store-contract.ts';

/** Runs a statement beside the stores, as an administrator would. */
export type Execute = (text: string) => unknown;

/**
 * Time passes in a table when all that lies ahead in it is moved back: the stores go by the database's own clock, which
 * nobody can put forward, and a test of sixty seconds would take as long.
 */
export function recordsUnderTest(
  all: readonly [Stores, ...Stores[]],
  execute: Execute,
  close?: () => Promise<void>,
): RecordStoreUnderTest {
  const [first, ...others] = all;
  return {
    store: first.records,
    others: others.map(({ records }): RecordStore => records),
    async advance(ms) {
      await execute(`UPDATE bulwark_records SET expires_at = expires_at - ${Math.ceil(ms)}`);
    },
    ...(close && { close }),
  };
}

/** Those who call are spread over the connections, if there are several. */
export function limitsUnderTest(
  all: readonly [Stores, ...Stores[]],
  execute: Execute,
  close?: () => Promise<void>,
): StoreUnderTest {
  let calls = 0;
  const next = (): RateLimitStore => (all[calls++ % all.length] ?? all[0]).limits;
  return {
    store: {
      consume: (...args) => next().consume(...args),
      refund: (...args) => next().refund(...args),
    },
    now: () => 0,
    async advance(ms) {
      const us = Math.ceil(ms * 1000);
      const columns = ['tat', 'strikes_until', 'blocked_until', 'expires_at'];
      await execute(`UPDATE bulwark_limits SET ${columns.map((name) => `${name} = ${name} - ${us}`).join(', ')}`);
    },
    ...(close && { close }),
  };
}
