import { ERROR_CODES } from './errors.ts';
import { isoNow } from './iso-time.ts';
import type { PracticeId } from './pipeline.ts';
import { describeFailure } from './practices/logging/failure-record.ts';

/**
 * Names of security events, in OWASP's logging vocabulary
 * (https://cheatsheetseries.owasp.org/cheatsheets/Logging_Vocabulary_Cheat_Sheet.html).
 *
 * OWASP has no word for some of what Bulwark sees; those follow the vocabulary's form: `malicious_csrf`, `excess_connections`,
 * `sys_overload_begins`.
 */
export const EVENT_NAMES = [
  'authn_fail',
  'authn_login_fail_max',
  'authn_token_created',
  'authn_token_reuse',
  'authn_token_revoked',
  'authz_fail',
  'csp_violation',
  'excess_connections',
  'excess_login_failures',
  'excess_password_hashing',
  'excess_rate_limit_exceeded',
  'excess_requests_in_flight',
  'excess_requests_shed',
  'input_validation_fail',
  'malicious_cors',
  'malicious_csrf',
  'malicious_host',
  'malicious_redirect',
  'malicious_url',
  'session_cookie_conflict',
  'session_created',
  'session_expired',
  'session_renewed',
  'session_use_after_expire',
  'sys_breach_check_failed',
  'sys_certificate_changed',
  'sys_certificate_refused',
  'sys_certificate_warning',
  'sys_crash',
  'sys_error',
  'sys_handler_timeout',
  'sys_limits_incomplete',
  'sys_monitor_disabled',
  'sys_overload_begins',
  'sys_overload_ends',
  'sys_password_hash_unreadable',
  'sys_proxy_mismatch',
  'sys_secret_exposed',
  'sys_secret_generated',
  'sys_secret_weak',
  'sys_session_cookie_withheld',
  'sys_shutdown',
  'sys_startup',
  'sys_store_incomplete',
  'sys_template_warning',
  'sys_token_keys_changed',
  'sys_token_keys_refused',
] as const;

/** A security event's name. */
export type EventName = (typeof EVENT_NAMES)[number];

/** OWASP's levels. */
export type EventLevel = 'INFO' | 'WARN' | 'CRITICAL';

/** One security event. It never carries a header's value, a body, a query string or a secret. */
export interface SecurityEvent {
  readonly event: EventName;
  readonly level: EventLevel;
  /** A sentence for a person. */
  readonly description: string;
  /** The practice that saw it. */
  readonly practice: PracticeId;
  /** The `ERR_` code, where a request was refused. */
  readonly code?: string;
  /** True where the practice is in monitor mode: the request went on. */
  readonly monitored?: boolean;
  readonly requestId?: string;
  /** The trace that the request says it belongs to (`logging`); whoever sends it chooses it. */
  readonly traceId?: string;
  readonly sourceIp?: string;
  readonly method?: string;
  /** Path without its query string. */
  readonly path?: string;
  /** Further facts of this kind of event, safe to log. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** ISO 8601, UTC. */
  readonly datetime: string;
}

const EVENT_OF_CODE: readonly (readonly [prefix: string, event: EventName, practice: PracticeId])[] = [
  ['ERR_RATE_LIMIT', 'excess_rate_limit_exceeded', 'rate-limit'],
  ['ERR_LOGIN_THROTTLED', 'authn_login_fail_max', 'rate-limit'],
  ['ERR_TOO_MANY_IN_FLIGHT', 'excess_requests_in_flight', 'limits'],
  ['ERR_OVERLOADED', 'excess_requests_shed', 'limits'],
  ['ERR_HANDLER_TIMEOUT', 'sys_handler_timeout', 'limits'],
  ['ERR_CSRF_', 'malicious_csrf', 'csrf'],
  ['ERR_FETCH_', 'malicious_csrf', 'csrf'],
  ['ERR_CORS_', 'malicious_cors', 'cors'],
  ['ERR_HOST_', 'malicious_host', 'client'],
  ['ERR_FORWARDED_', 'malicious_host', 'client'],
  ['ERR_HTTPS_', 'malicious_url', 'https'],
  ['ERR_URL_', 'malicious_url', 'input'],
  ['ERR_QUERY_', 'malicious_url', 'input'],
  ['ERR_METHOD_', 'malicious_url', 'input'],
  ['ERR_REQUEST_', 'malicious_url', 'limits'],
  ['ERR_HEADERS_', 'malicious_url', 'limits'],
  ['ERR_BODY_', 'input_validation_fail', 'input'],
  ['ERR_FILE_', 'input_validation_fail', 'input'],
  ['ERR_VALIDATION', 'input_validation_fail', 'input'],
  ['ERR_REDIRECT_', 'malicious_redirect', 'input'],
  ['ERR_RESPONSE_', 'sys_error', 'input'],
  ['ERR_TOKEN_', 'authn_fail', 'tokens'],
  ['ERR_PASSWORD_QUEUE', 'excess_password_hashing', 'passwords'],
  ['ERR_PASSWORD_UNUSABLE', 'input_validation_fail', 'passwords'],
  ['ERR_AUTHENTICATION_', 'authn_fail', 'access'],
  ['ERR_ACCESS_', 'authz_fail', 'access'],
];

/** The event of a refused request and the practice that refused it; undefined where that is no security event (404). */
export function eventOfCode(code: string): { event: EventName; practice: PracticeId } | undefined {
  return EVENTS.has(code) ? EVENTS.get(code) : findEvent(code);
}

function findEvent(code: string): { event: EventName; practice: PracticeId } | undefined {
  const row = EVENT_OF_CODE.find(([prefix]) => code.startsWith(prefix));
  return row === undefined ? undefined : { event: row[1], practice: row[2] };
}

const EVENTS: ReadonlyMap<string, ReturnType<typeof findEvent>> = new Map(
  Object.keys(ERROR_CODES).map((code) => [code, findEvent(code)]),
);

/** Codes that come in floods: their events are told at most once a second and kind, with `details.count`. */
export const COALESCED: ReadonlySet<string> = new Set<string>([
  'ERR_BODY_ABORTED',
  'ERR_OVERLOADED',
  'ERR_PASSWORD_QUEUE_FULL',
  'ERR_TOO_MANY_IN_FLIGHT',
]);

/** What a practice says; the time is added where it is emitted. */
export type EventInput = Omit<SecurityEvent, 'datetime'>;

/** Where a practice sends its events. Inside `secure()` that is the gate; alone, it is a process warning. */
export type Emit = (event: EventInput) => void;

type Listener = (event: SecurityEvent) => unknown;

/** One typed emitter. `'*'` hears every event. */
export class SecurityEvents {
  // The lists are replaced, never changed: who is told of an event is settled when it is emitted.
  readonly #listeners = new Map<EventName | '*', readonly Listener[]>();
  readonly #heard = new Map<EventName, readonly Listener[]>();

  /** Calls `listener` at each event of that name; returns a function that ends it. */
  on(name: EventName | '*', listener: Listener): () => void {
    const others = this.#listeners.get(name) ?? [];
    if (!others.includes(listener)) this.#set(name, [...others, listener]);
    return () => {
      const left = this.#listeners.get(name) ?? [];
      if (!left.includes(listener)) return false;
      this.#set(
        name,
        left.filter((other) => other !== listener),
      );
      return true;
    };
  }

  #set(name: EventName | '*', listeners: readonly Listener[]): void {
    this.#listeners.set(name, listeners);
    this.#heard.clear();
  }

  #listenersOf(name: EventName): readonly Listener[] {
    const listeners = [...(this.#listeners.get(name) ?? []), ...(this.#listeners.get('*') ?? [])];
    this.#heard.set(name, listeners);
    return listeners;
  }

  /** Sends one event to its listeners. A listener that throws is not let into the request's way. */
  readonly emit: Emit = (input) => {
    const heard = this.#heard.get(input.event) ?? this.#listenersOf(input.event);
    if (heard.length === 0) return;
    const event: SecurityEvent = { ...input, datetime: isoNow() };
    for (const listener of heard) {
      try {
        // An async listener is a listener too, and its rejection would end the process.
        const done: unknown = listener(event);
        if (done instanceof Promise) done.catch((error: unknown) => warnOfListener(input.event, error));
      } catch (error) {
        warnOfListener(input.event, error);
      }
    }
  };
}

function warnOfListener(event: EventName, error: unknown): void {
  // What it threw may quote what it was sending: a message to a chat, with its token.
  const { type, message = '' } = describeFailure(error);
  process.emitWarning(`a listener of the event ${event} threw: ${type}: ${message}`, 'BulwarkWarning');
}

const warned = new Set<string>();

/** The {@link Emit} of a practice that is used alone: each kind of warning once, as a process warning. */
export const emitAsWarning: Emit = (event) => {
  if (event.code !== undefined || event.level === 'INFO') return;
  const key = `${event.practice} ${event.event} ${event.description}`;
  if (warned.has(key) || warned.size > 100) return;
  warned.add(key);
  process.emitWarning(`${event.practice}: ${event.description}`, 'BulwarkWarning');
};
