import { Emit } from '../events.ts';
import { OutageOptions } from './breaker.ts';
import { RecordStore } from './record-store.ts';
import { Stores } from './stores.ts';
export interface GuardServices {
    readonly emit: Emit;
}
export declare function guardRecords(store: RecordStore, services?: GuardServices, options?: OutageOptions): RecordStore;
export declare function guardStores(stores: Stores, services?: GuardServices, options?: OutageOptions): Stores;
