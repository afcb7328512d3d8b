import { Handler } from './context.ts';
import { PracticeId } from './pipeline.ts';
export interface Decision {
    readonly practice: PracticeId;
    readonly kind: 'requirement' | 'exemption' | 'setting';
    readonly summary: string;
    readonly reason?: string;
    readonly enforce?: Handler;
    readonly repeats?: true;
    readonly value?: unknown;
}
declare const DECISION: unique symbol;
export type DecisionHandler = Handler & {
    readonly [DECISION]: Decision;
};
export declare const EXEMPTABLE: readonly ['cors', 'csrf', 'headers', 'https', 'input', 'rate-limit', 'tokens'];
export type Exemptable = (typeof EXEMPTABLE)[number];
export declare function exempt(practice: Exemptable, options: {
    reason: string;
}): DecisionHandler;
