import { Argon2Parameters } from './argon2.ts';
import { BreachSource } from './breached.ts';
import { Duration } from '../../units.ts';
export interface PasswordsOptions {
    readonly target?: Duration | false;
    readonly parameters?: Argon2Parameters;
    readonly minLength?: number;
    readonly minLengthWithSecondFactor?: number;
    readonly maxLength?: number;
    readonly words?: readonly string[];
    readonly breached?: BreachSource;
    readonly breachedTimeout?: Duration;
    readonly maxWait?: Duration;
    readonly maxWaiting?: number;
    readonly insecureAllowCommon?: boolean;
    readonly insecureTruncatedBcrypt?: boolean;
}
