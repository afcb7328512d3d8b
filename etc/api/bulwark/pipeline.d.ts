export declare const PRACTICE_IDS: readonly ['access', 'client', 'cors', 'csrf', 'errors', 'headers', 'https', 'input', 'limits', 'logging', 'passwords', 'rate-limit', 'secrets', 'sessions', 'tokens'];
export type PracticeId = (typeof PRACTICE_IDS)[number];
export type StepId = PracticeId | 'request-line' | 'route' | 'shedding' | 'session-read' | 'endpoints';
export interface Place {
    readonly step: StepId;
    readonly practice?: PracticeId;
    readonly after: Readonly<Partial<Record<StepId, string>>>;
}
export declare const ORDER: readonly Place[];
