import { Duration } from '../../../units.ts';
import { Emit } from '../../../events.ts';
import { ExpressSessionStore } from './store-call.ts';
import { KeyedRecord } from '../../../stores/record-store.ts';
import { NewRecord } from '../../../stores/record-store.ts';
import { RecordStore } from '../../../stores/record-store.ts';
import { Replacement } from '../../../stores/record-store.ts';
import { StoredRecord } from '../../../stores/record-store.ts';
export interface ExpressSessionStoreOptions {
    readonly timeout?: Duration;
    readonly shared?: boolean;
    readonly emit?: Emit;
}
export interface StoreGuarantees {
    readonly atomic: 'process';
    readonly list: boolean;
    readonly lacks: readonly string[];
}
export interface WrappedStore extends RecordStore {
    get(key: string): Promise<StoredRecord | undefined>;
    insert(key: string, record: NewRecord): Promise<boolean>;
    replace(key: string, version: number, record: NewRecord): Promise<Replacement>;
    remove(key: string): Promise<StoredRecord | undefined>;
    list(owner: string): Promise<readonly KeyedRecord[]>;
    readonly guarantees: StoreGuarantees;
}
export declare function fromExpressSessionStore(store: ExpressSessionStore, options?: ExpressSessionStoreOptions): WrappedStore;
