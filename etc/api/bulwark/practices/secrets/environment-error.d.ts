import { ConfigError } from '../../errors.ts';
export interface EnvironmentProblem {
    readonly variable: string;
    readonly problem: string;
    readonly fix: string;
}
export declare class EnvironmentError extends ConfigError {
    #private;
    constructor(problems: readonly EnvironmentProblem[], mode: string, notes?: readonly string[]);
    get problems(): readonly EnvironmentProblem[];
}
