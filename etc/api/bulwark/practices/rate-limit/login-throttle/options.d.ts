import { Duration } from '../../../units.ts';
import { RecordStore } from '../../../stores/record-store.ts';
export interface DelayOptions {
    readonly free?: number;
    readonly first?: Duration;
    readonly longest?: Duration;
}
export interface LoginThrottleOptions {
    readonly name?: string;
    readonly account?: DelayOptions;
    readonly network?: DelayOptions;
    readonly reserve?: false | {
        readonly limit?: number;
        readonly window?: Duration;
    };
    readonly pressure?: false | {
        readonly failures?: number;
        readonly window?: Duration;
    };
    readonly devices?: false | {
        readonly limit?: number;
        readonly lifetime?: Duration;
    };
    readonly ipv6Prefix?: number;
    readonly store?: RecordStore;
    readonly timeout?: Duration;
    readonly now?: () => number;
}
