import { MaybePromise } from '../../stores/record-store.ts';
export interface Keeper {
    commit(): MaybePromise<void>;
    refuse(error: unknown): void;
}
