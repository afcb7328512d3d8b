import { ByteSize } from '../../units.ts';
import { Duration } from '../../units.ts';
import { EnvField } from './field.ts';
import { Maybe } from './field.ts';
import { Optionality } from './field.ts';
export interface StringOptions extends Optionality<string> {
    readonly pattern?: RegExp;
}
export declare function string<const O extends StringOptions = object>(options?: O): EnvField<Maybe<string, O>>;
export interface IntegerOptions extends Optionality<number> {
    readonly min?: number;
    readonly max?: number;
}
export declare function integer<const O extends IntegerOptions = object>(options?: O): EnvField<Maybe<number, O>>;
export declare function port<const O extends Optionality<number> = object>(options?: O): EnvField<Maybe<number, O>>;
export declare function boolean<const O extends Optionality<boolean> = object>(options?: O): EnvField<Maybe<boolean, O>>;
export declare function oneOf<const T extends readonly [string, ...string[]], const O extends Optionality<T[number]> = object>(values: T, options?: O): EnvField<Maybe<T[number], O>>;
export declare function duration<const O extends Optionality<Duration> = object>(options?: O): EnvField<Maybe<number, O>>;
export declare function size<const O extends Optionality<ByteSize> = object>(options?: O): EnvField<Maybe<number, O>>;
export interface UrlOptions extends Optionality<string> {
    readonly protocols?: readonly string[];
}
export declare function url<const O extends UrlOptions = object>(options?: O): EnvField<Maybe<string, O>>;
export declare function list<T = string, const O extends Optionality<readonly T[]> = object>(of?: EnvField<T>, options?: O): EnvField<Maybe<readonly T[], O>>;
