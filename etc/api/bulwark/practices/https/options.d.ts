import { Duration } from '../../units.ts';
import { HstsOptions } from './hsts.ts';
export interface HttpsOptions {
    readonly origins?: readonly string[];
    readonly cert?: string;
    readonly key?: string;
    readonly local?: boolean | {
        readonly directory?: string;
    };
    readonly hsts?: HstsOptions | false;
    readonly redirect?: boolean;
    readonly apiPaths?: readonly string[];
    readonly insecurePlainPaths?: readonly string[];
    readonly grace?: Duration;
}
