import type { PracticeId } from './pipeline.ts';
import type { PasswordsReport } from './practices/passwords/index.ts';
import type { SecretsReport } from './practices/secrets/index.ts';
import type { SessionsReport } from './practices/sessions/index.ts';
import type { TokenFacts } from './practices/tokens/index.ts';

/** How bad a finding is if it is true. How sure the check is, is `confidence`. */
export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info';

/** A request that a check needs an answer to. Each probe is sent once, however many checks read it. */
export interface Probe {
  readonly method: string;
  /** Request target; `{page}` stands for the page under test (default `/`). */
  readonly path: string;
  /** Header values may hold `{origin}` and `{host}`: those of the app under test. Names are sent as written. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** `tls`: as the app is used; `plain`: over plain HTTP, as an attacker on the path would. Default `tls`. */
  readonly over?: 'tls' | 'plain';
}

/** What came back. Header names are in lower case; repeated headers are lists. */
export interface Exchange {
  readonly probe: Probe;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}

/** What is known of a running app: pure data, so a check can be run on a recording. */
export interface RunningFacts {
  /** The app's origin, as its users write it. */
  readonly origin: string;
  /** Answers by probe name; a probe that got none (connection refused or closed) is absent. */
  readonly exchanges: Readonly<Record<string, Exchange | undefined>>;
  /** What only the process itself can say; absent when another process looks from outside. */
  readonly inside?: {
    readonly server?: {
      readonly headersTimeout: number;
      readonly requestTimeout: number;
      readonly keepAliveTimeout: number;
      readonly maxConnections: number | undefined;
      readonly connectionsCheckingInterval: number | undefined;
      /** Connections that one client may have; undefined where nobody counts them. */
      readonly maxConnectionsPerClient: number | undefined;
      /** Milliseconds that a handler has; undefined where nobody holds it to a time. */
      readonly handlerTimeout: number | undefined;
      /** Load is shed under pressure. */
      readonly shedsLoad: boolean;
    };
    /** Practices that are off, and those that only report. */
    readonly off: readonly PracticeId[];
    readonly monitored: readonly PracticeId[];
    /** Practices that the app does not have, because its policy does not name them: sessions, tokens. */
    readonly unused?: readonly PracticeId[];
    /** Who may call the routes; absent where `access` is off. */
    readonly access?: {
      /** Whether the app has users: the policy says how they are known, or a route asks for one. */
      readonly users: boolean;
      /** Routes that say nothing of who may call them, and that anyone may call: `GET /orders`. */
      readonly open: readonly string[];
    };
    /** Where tokens are kept; absent where the policy has none. */
    readonly tokens?: TokenFacts;
    /** Variables with weak secrets, by name; absent where nobody looked. */
    readonly secrets?: SecretsReport;
    /** How passwords are dealt with; absent where the policy has none. */
    readonly passwords?: PasswordsReport;
    /** How long sessions live, and where; absent where the policy has none. */
    readonly sessions?: SessionsReport;
    /** Whether each request leaves a line in the log. */
    readonly requestLines?: boolean;
    /** Escape hatches in use: `dangerously…`/`insecure…` settings, and `exempt()` with its route and reason. */
    readonly hatches: readonly { readonly practice: PracticeId; readonly what: string; readonly reason?: string }[];
  };
}

/** What a check says. `unknown` where it cannot tell: never `pass`. */
export interface Verdict {
  readonly result: 'pass' | 'fail' | 'unknown' | 'not-applicable';
  /** What was seen, why it matters, what to do: for `fail` and `unknown`. */
  readonly message?: string;
}

/** A check: a pure function from facts to a verdict. */
export interface Check {
  /** `<practice>/<what-is-wrong>`: never renamed, never reused. */
  readonly id: `${PracticeId}/${string}`;
  readonly severity: Severity;
  readonly confidence: 'high' | 'medium' | 'low';
  readonly title: string;
  /** CWE numbers. */
  readonly cwe: readonly number[];
  /** ASVS 5.0 requirement ids without the V: `3.4.3`. */
  readonly asvs: readonly string[];
  /** The probes that it reads, by name. */
  readonly probes: Readonly<Record<string, Probe>>;
  judge(facts: RunningFacts): Verdict;
}

/** The first value of a header of an exchange, or undefined. */
export function header(exchange: Exchange, name: string): string | undefined {
  const value = exchange.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** `pass` if `condition` holds, else `fail` with the message. */
export function expectThat(condition: boolean, message: string): Verdict {
  return condition ? { result: 'pass' } : { result: 'fail', message };
}

/** Judges one exchange; `unknown` where the app did not answer the probe. */
export function onExchange(facts: RunningFacts, name: string, judge: (exchange: Exchange) => Verdict): Verdict {
  const exchange = facts.exchanges[name];
  return exchange === undefined ? { result: 'unknown', message: `the app gave no answer to ${name}` } : judge(exchange);
}

/**
 * The check that lists the escape hatches of a practice that are in use: settings named `dangerously…` or `insecure…`, and
 * routes exempted by `exempt()`. Each may be right; none may be forgotten.
 *
 * @example hatchCheck('csrf').id // 'csrf/escape-hatch'
 */
export function hatchCheck(practice: PracticeId): Check {
  return {
    id: `${practice}/escape-hatch`,
    severity: 'info',
    confidence: 'high',
    title: `An escape hatch of ${practice} is in use`,
    cwe: [693],
    asvs: ['13.1.1'],
    probes: {},
    judge({ inside }) {
      if (inside === undefined)
        return { result: 'unknown', message: 'escape hatches can only be seen from inside the process' };
      const used = inside.hatches.filter((hatch) => hatch.practice === practice);
      const list = used.map(({ what, reason }) => (reason === undefined ? what : `${what} (${reason})`)).join('; ');
      return expectThat(used.length === 0, `In use: ${list}. Look whether each is still needed.`);
    },
  };
}
