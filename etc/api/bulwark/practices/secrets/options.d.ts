import { EnvironmentSource } from './read-variable.ts';
export interface SecretsOptions {
    readonly insecureAllow?: readonly string[];
    readonly source?: EnvironmentSource;
    readonly reportOnly?: boolean;
}
