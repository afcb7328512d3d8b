import { EnvField } from './field.ts';
import { Maybe } from './field.ts';
import { Secret } from './secret.ts';
import { SecretList } from './secret.ts';
export interface SecretOptions {
    readonly min?: number;
}
export interface OneSecretOptions extends SecretOptions {
    readonly optional?: boolean;
}
export declare function secret<const O extends OneSecretOptions = object>(options?: O): EnvField<Maybe<Secret, O>>;
export declare function secrets(options?: SecretOptions): EnvField<SecretList>;
export interface SecretUrlOptions extends SecretOptions {
    readonly protocols?: readonly string[];
    readonly optional?: boolean;
}
export declare function secretUrl<const O extends SecretUrlOptions = object>(options?: O): EnvField<Maybe<Secret, O>>;
