import { AccessOptions } from './practices/access/index.ts';
import { ClientOptions } from './practices/client/index.ts';
import { CorsOptions } from './practices/cors/index.ts';
import { CsrfOptions } from './practices/csrf/index.ts';
import { DefaultsDate } from './options.ts';
import { EjsOptions } from './practices/input/index.ts';
import { ErrorsOptions } from './practices/errors/index.ts';
import { HeadersOptions } from './practices/headers/index.ts';
import { HttpsOptions } from './practices/https/index.ts';
import { InputOptions } from './practices/input/index.ts';
import { LimitsOptions } from './practices/limits/index.ts';
import { LoggingOptions } from './practices/logging/index.ts';
import { Mode } from './context.ts';
import { PasswordsOptions } from './practices/passwords/index.ts';
import { PracticeId } from './pipeline.ts';
import { ProxySetting } from './practices/client/index.ts';
import { RateLimitOptions } from './practices/rate-limit/index.ts';
import { SecretsOptions } from './practices/secrets/index.ts';
import { SessionsOptions } from './practices/sessions/index.ts';
import { StoresSetting } from './stores/open-stores.ts';
import { TokensOptions } from './practices/tokens/index.ts';
export interface Policy {
    readonly origins: string | readonly string[];
    readonly defaults?: DefaultsDate;
    readonly mode?: Mode;
    readonly proxy?: ProxySetting;
    readonly monitor?: boolean | readonly PracticeId[];
    readonly stores?: StoresSetting;
    readonly access?: AccessOptions | false;
    readonly client?: Omit<ClientOptions, 'origins' | 'proxy'> | false;
    readonly cors?: Omit<CorsOptions, 'ownOrigins' | 'stateChanges' | 'reportOnly'> | false;
    readonly csrf?: Omit<CsrfOptions, 'origins'> | false;
    readonly errors?: ErrorsOptions | false;
    readonly headers?: HeadersOptions | false;
    readonly https?: Omit<HttpsOptions, 'origins'> | false;
    readonly input?: (InputOptions & RedirectPolicy & TemplatePolicy) | false;
    readonly limits?: Omit<LimitsOptions, 'proxy'> | false;
    readonly logging?: LoggingOptions | false;
    readonly passwords?: PasswordsOptions | false;
    readonly rateLimit?: RateLimitOptions | false;
    readonly secrets?: Omit<SecretsOptions, 'reportOnly'> | false;
    readonly sessions?: Omit<SessionsOptions, 'origins'> | false;
    readonly tokens?: TokensOptions | false;
}
export interface TemplatePolicy {
    readonly templates?: EjsOptions | false;
}
export interface RedirectPolicy {
    readonly redirects?: readonly string[];
}
export interface ResolvedPolicy {
    readonly origins: readonly string[];
    readonly defaults: DefaultsDate;
    readonly mode: Mode;
    readonly proxy: ProxySetting;
    readonly monitored: ReadonlySet<PracticeId>;
    readonly off: ReadonlySet<PracticeId>;
    readonly unused: ReadonlySet<PracticeId>;
    readonly knowsUsers: boolean;
    readonly given: Policy;
}
