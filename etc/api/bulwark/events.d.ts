import { PracticeId } from './pipeline.ts';
export declare const EVENT_NAMES: readonly ['authn_fail', 'authn_login_fail_max', 'authn_token_created', 'authn_token_reuse', 'authn_token_revoked', 'authz_fail', 'csp_violation', 'excess_connections', 'excess_login_failures', 'excess_password_hashing', 'excess_rate_limit_exceeded', 'excess_requests_in_flight', 'excess_requests_shed', 'input_validation_fail', 'malicious_cors', 'malicious_csrf', 'malicious_host', 'malicious_redirect', 'malicious_url', 'session_cookie_conflict', 'session_created', 'session_expired', 'session_renewed', 'session_use_after_expire', 'sys_breach_check_failed', 'sys_certificate_changed', 'sys_certificate_refused', 'sys_certificate_warning', 'sys_crash', 'sys_error', 'sys_handler_timeout', 'sys_limits_incomplete', 'sys_monitor_disabled', 'sys_overload_begins', 'sys_overload_ends', 'sys_password_hash_unreadable', 'sys_proxy_mismatch', 'sys_secret_exposed', 'sys_secret_generated', 'sys_secret_weak', 'sys_session_cookie_withheld', 'sys_shutdown', 'sys_startup', 'sys_store_incomplete', 'sys_template_warning', 'sys_token_keys_changed', 'sys_token_keys_refused'];
export type EventName = (typeof EVENT_NAMES)[number];
export type EventLevel = 'INFO' | 'WARN' | 'CRITICAL';
export interface SecurityEvent {
    readonly event: EventName;
    readonly level: EventLevel;
    readonly description: string;
    readonly practice: PracticeId;
    readonly code?: string;
    readonly monitored?: boolean;
    readonly requestId?: string;
    readonly traceId?: string;
    readonly sourceIp?: string;
    readonly method?: string;
    readonly path?: string;
    readonly details?: Readonly<Record<string, unknown>>;
    readonly datetime: string;
}
export type EventInput = Omit<SecurityEvent, 'datetime'>;
export type Emit = (event: EventInput) => void;
