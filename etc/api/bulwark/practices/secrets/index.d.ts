export { Env } from './env.ts';
export { EnvField } from './field.ts';
export { EnvOptions } from './env.ts';
export { EnvReader } from './env.ts';
export { EnvSchema } from './env.ts';
export { EnvironmentError } from './environment-error.ts';
export { EnvironmentProblem } from './environment-error.ts';
export { EnvironmentSource } from './read-variable.ts';
export { IntegerOptions } from './fields.ts';
export { Maybe } from './field.ts';
export { OneSecretOptions } from './secret-fields.ts';
export { Optionality } from './field.ts';
export { Secret } from './secret.ts';
export { SecretList } from './secret.ts';
export { SecretOptions } from './secret-fields.ts';
export { SecretUrlOptions } from './secret-fields.ts';
export { SecretsOptions } from './options.ts';
export { StringOptions } from './fields.ts';
export { UrlOptions } from './fields.ts';
export { env } from './env.ts';
export { estimateBits } from './strength.ts';
import { SecretsOptions } from './options.ts';
import { Services } from '../../context.ts';
export interface SecretsReport {
    readonly refused: readonly {
        readonly variable: string;
        readonly problem: string;
    }[];
    readonly weak: readonly {
        readonly variable: string;
        readonly problem: string;
    }[];
}
export declare function secrets(options?: SecretsOptions, services?: Services): SecretsReport;
