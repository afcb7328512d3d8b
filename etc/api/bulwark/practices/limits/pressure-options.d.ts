import { ByteSize } from '../../units.ts';
import { Duration } from '../../units.ts';
export interface PressureOptions {
    readonly maxEventLoopDelay?: Duration | false;
    readonly maxHeapUsed?: number | false;
    readonly maxRss?: ByteSize | false;
    readonly interval?: Duration;
    readonly sample?: (late: number) => PressureSample;
}
export interface PressureSample {
    readonly eventLoopDelay: number;
    readonly heapUsed: number;
    readonly rss: number;
}
export interface ResolvedPressure {
    readonly maxEventLoopDelay: number;
    readonly maxHeapUsed: number;
    readonly maxRss: number;
    readonly interval: number;
    readonly sample: ((late: number) => PressureSample) | undefined;
}
