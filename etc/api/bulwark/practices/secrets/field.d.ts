import { Weakness } from './judge-secret.ts';
export type Reading<T> = {
    readonly value: T;
    readonly weak?: Weakness & {
        readonly fix: string;
    };
} | {
    readonly problem: string;
    readonly fix: string;
};
export interface FieldSpec<T> {
    readonly parse: (text: string, variable: string) => Reading<T>;
    readonly absent?: {
        readonly value: T;
    };
    readonly generate?: (variable: string) => T;
    readonly withPrevious?: boolean;
    readonly secret?: boolean;
    readonly fix: string;
}
declare const FIELD: unique symbol;
export interface EnvField<T> {
    readonly [FIELD]: FieldSpec<T>;
}
export interface Optionality<T> {
    readonly default?: T;
    readonly optional?: boolean;
}
export type Maybe<T, O> = O extends {
    readonly optional: true;
} ? T | undefined : T;
