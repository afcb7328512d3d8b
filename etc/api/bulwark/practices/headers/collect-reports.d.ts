import { ByteSize } from '../../units.ts';
import { Duration } from '../../units.ts';
import { Handler } from '../../context.ts';
import { Services } from '../../context.ts';
import { Violation } from './read-report.ts';
export interface ReportOptions {
    readonly path?: string | undefined;
    readonly origins?: readonly string[] | undefined;
    readonly max?: number | undefined;
    readonly window?: Duration | undefined;
    readonly bodyLimit?: ByteSize | undefined;
}
export interface Report extends Violation {
    readonly count: number;
    readonly firstSeen: string;
    readonly lastSeen: string;
}
export interface ReportCollector extends Handler {
    reports(): readonly Report[];
}
export declare function collectReports(options?: ReportOptions, services?: Services): ReportCollector;
