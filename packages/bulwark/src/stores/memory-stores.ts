import { memoryRateLimitStore } from './memory-rate-limit.ts';
import { memoryRecordStore } from './memory-records.ts';
import type { Stores } from './stores.ts';

/**
 * Everything in this process: nothing to install, nothing that can be out of reach, and nothing that another process sees
 * or that outlives this one.
 *
 * @example const stores = memoryStores()
 */
export function memoryStores(): Stores {
  return {
    kind: 'memory',
    records: memoryRecordStore(),
    limits: memoryRateLimitStore(),
    shared: false,
    async ready() {},
    async close() {},
  };
}
