import { RateLimitStore } from './rate-limit-store.ts';
import { RecordStore } from './record-store.ts';
export interface Stores {
    readonly kind: string;
    readonly records: RecordStore;
    readonly limits: RateLimitStore;
    readonly shared: boolean;
    ready(): Promise<void>;
    close(): Promise<void>;
}
