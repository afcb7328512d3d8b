import { Check } from './check.ts';
import { Verdict } from './check.ts';
export interface SelfTestFinding {
    readonly id: Check['id'];
    readonly severity: Check['severity'];
    readonly title: string;
    readonly message: string;
}
export interface SelfTestReport {
    readonly passed: boolean;
    readonly findings: readonly SelfTestFinding[];
    readonly results: Readonly<Record<string, Verdict['result']>>;
}
