import { KeyedRecord } from './record-store.ts';
import { NewRecord } from './record-store.ts';
import { RecordStore } from './record-store.ts';
import { Replacement } from './record-store.ts';
import { StoredRecord } from './record-store.ts';
export interface MemoryRecordOptions {
    readonly maxEntries?: number;
    readonly now?: () => number;
}
export interface MemoryRecordStore extends RecordStore {
    readonly local: true;
    readonly shared: false;
    readonly size: number;
    get(key: string): StoredRecord | undefined;
    insert(key: string, record: NewRecord): boolean;
    replace(key: string, version: number, record: NewRecord): Replacement;
    remove(key: string): StoredRecord | undefined;
    list(owner: string): readonly KeyedRecord[];
}
export declare function memoryRecordStore(options?: MemoryRecordOptions): MemoryRecordStore;
