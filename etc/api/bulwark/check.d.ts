import { PasswordsReport } from './practices/passwords/index.ts';
import { PracticeId } from './pipeline.ts';
import { SecretsReport } from './practices/secrets/index.ts';
import { SessionsReport } from './practices/sessions/index.ts';
import { TokenFacts } from './practices/tokens/index.ts';
export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info';
export interface Probe {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly over?: 'tls' | 'plain';
}
export interface Exchange {
    readonly probe: Probe;
    readonly status: number;
    readonly headers: Readonly<Record<string, string | readonly string[]>>;
    readonly body: string;
}
export interface RunningFacts {
    readonly origin: string;
    readonly exchanges: Readonly<Record<string, Exchange | undefined>>;
    readonly inside?: {
        readonly server?: {
            readonly headersTimeout: number;
            readonly requestTimeout: number;
            readonly keepAliveTimeout: number;
            readonly maxConnections: number | undefined;
            readonly connectionsCheckingInterval: number | undefined;
            readonly maxConnectionsPerClient: number | undefined;
            readonly handlerTimeout: number | undefined;
            readonly shedsLoad: boolean;
        };
        readonly off: readonly PracticeId[];
        readonly monitored: readonly PracticeId[];
        readonly unused?: readonly PracticeId[];
        readonly access?: {
            readonly users: boolean;
            readonly open: readonly string[];
        };
        readonly tokens?: TokenFacts;
        readonly secrets?: SecretsReport;
        readonly passwords?: PasswordsReport;
        readonly sessions?: SessionsReport;
        readonly requestLines?: boolean;
        readonly hatches: readonly {
            readonly practice: PracticeId;
            readonly what: string;
            readonly reason?: string;
        }[];
    };
}
export interface Verdict {
    readonly result: 'pass' | 'fail' | 'unknown' | 'not-applicable';
    readonly message?: string;
}
export interface Check {
    readonly id: `${PracticeId}/${string}`;
    readonly severity: Severity;
    readonly confidence: 'high' | 'medium' | 'low';
    readonly title: string;
    readonly cwe: readonly number[];
    readonly asvs: readonly string[];
    readonly probes: Readonly<Record<string, Probe>>;
    judge(facts: RunningFacts): Verdict;
}
