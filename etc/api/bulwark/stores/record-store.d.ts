export type MaybePromise<T> = T | Promise<T>;
export interface NewRecord {
    readonly value: string;
    readonly ttl: number;
    readonly owner?: string;
}
export interface StoredRecord {
    readonly value: string;
    readonly version: number;
    readonly owner?: string;
}
export interface KeyedRecord extends StoredRecord {
    readonly key: string;
}
export type Replacement = {
    readonly replaced: true;
    readonly version: number;
} | {
    readonly replaced: false;
    readonly current: StoredRecord | undefined;
};
export interface RecordStore {
    get(key: string): MaybePromise<StoredRecord | undefined>;
    insert(key: string, record: NewRecord): MaybePromise<boolean>;
    replace(key: string, version: number, record: NewRecord): MaybePromise<Replacement>;
    remove(key: string): MaybePromise<StoredRecord | undefined>;
    list(owner: string): MaybePromise<readonly KeyedRecord[]>;
    readonly local?: boolean;
    readonly shared?: boolean;
    close?(): MaybePromise<void>;
}
