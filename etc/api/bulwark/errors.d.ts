export interface ErrorCode {
    readonly status?: number;
    readonly title: string;
}
export declare const ERROR_CODES: {
    readonly ERR_CONFIG_UNKNOWN_KEY: {
        readonly title: 'The policy has a key that does not exist';
    };
    readonly ERR_CONFIG_VALUE: {
        readonly title: 'A setting has a value that it cannot have';
    };
    readonly ERR_CONFIG_CONTRADICTION: {
        readonly title: 'Two settings contradict each other';
    };
    readonly ERR_CONFIG_ORIGIN: {
        readonly title: 'An origin is not an exact scheme://host[:port]';
    };
    readonly ERR_CONFIG_TRUST_PROXY: {
        readonly title: 'The proxy setting would trust any sender';
    };
    readonly ERR_CONFIG_CERTIFICATE: {
        readonly title: 'A certificate or its key cannot be used';
    };
    readonly ERR_SECURED_TWICE: {
        readonly title: 'secure() was called twice on the same app';
    };
    readonly ERR_SECURED_LATE: {
        readonly title: 'secure() was called after the app had answered a request';
    };
    readonly ERR_UNSUPPORTED_EXPRESS: {
        readonly title: 'This is not an Express 4.21+ or 5 application';
    };
    readonly ERR_ROUTE_UNDECIDED: {
        readonly title: 'A route has no access decision';
    };
    readonly ERR_LISTEN: {
        readonly title: 'The server cannot listen';
    };
    readonly ERR_TOKEN_KEY: {
        readonly title: 'A key cannot be used to sign or to verify tokens';
    };
    readonly ERR_TOKEN_CLAIM: {
        readonly title: 'A claim must not go into a token';
    };
    readonly ERR_ENVIRONMENT: {
        readonly title: 'Environment variables are missing, unusable or unsafe';
    };
    readonly ERR_HOST_NOT_ALLOWED: {
        readonly status: 421;
        readonly title: 'This host is not served here';
    };
    readonly ERR_HOST_INVALID: {
        readonly status: 400;
        readonly title: 'The Host header is missing or malformed';
    };
    readonly ERR_FORWARDED_INVALID: {
        readonly status: 400;
        readonly title: 'A forwarding header is malformed';
    };
    readonly ERR_HTTPS_REQUIRED: {
        readonly status: 403;
        readonly title: 'This resource is served over HTTPS only';
    };
    readonly ERR_CORS_ORIGIN: {
        readonly status: 403;
        readonly title: 'This origin may not call this resource';
    };
    readonly ERR_CORS_METHOD: {
        readonly status: 403;
        readonly title: 'This method may not be called from another origin';
    };
    readonly ERR_CORS_HEADER: {
        readonly status: 403;
        readonly title: 'A request header may not be sent from another origin';
    };
    readonly ERR_RATE_LIMIT: {
        readonly status: 429;
        readonly title: 'Too many requests';
    };
    readonly ERR_LOGIN_THROTTLED: {
        readonly status: 429;
        readonly title: 'Too many failed logins';
    };
    readonly ERR_TOO_MANY_IN_FLIGHT: {
        readonly status: 429;
        readonly title: 'Too many requests at the same time';
    };
    readonly ERR_CSRF_CROSS_SITE: {
        readonly status: 403;
        readonly title: 'A page of another site sent this request';
    };
    readonly ERR_CSRF_SAME_SITE: {
        readonly status: 403;
        readonly title: 'A page of a sibling host sent this request';
    };
    readonly ERR_CSRF_ORIGIN: {
        readonly status: 403;
        readonly title: 'The Origin of this request is not this site';
    };
    readonly ERR_CSRF_NULL_ORIGIN: {
        readonly status: 403;
        readonly title: 'The Origin of this request is null';
    };
    readonly ERR_CSRF_NO_ORIGIN: {
        readonly status: 403;
        readonly title: 'This request carries cookies but does not say where it comes from';
    };
    readonly ERR_CSRF_METHOD_CHANGED: {
        readonly status: 403;
        readonly title: 'The method of this request was changed after it was checked';
    };
    readonly ERR_FETCH_ISOLATED: {
        readonly status: 403;
        readonly title: 'Another site may not load this resource';
    };
    readonly ERR_METHOD_NOT_ALLOWED: {
        readonly status: 405;
        readonly title: 'This method is not allowed here';
    };
    readonly ERR_NOT_FOUND: {
        readonly status: 404;
        readonly title: 'Not found';
    };
    readonly ERR_REQUEST_SMUGGLING: {
        readonly status: 400;
        readonly title: 'Where this request ends is ambiguous';
    };
    readonly ERR_HEADERS_TOO_MANY: {
        readonly status: 431;
        readonly title: 'The request has too many headers';
    };
    readonly ERR_URL_INVALID: {
        readonly status: 400;
        readonly title: 'The address of this request is malformed';
    };
    readonly ERR_QUERY_INVALID: {
        readonly status: 400;
        readonly title: 'The query of this request is not accepted';
    };
    readonly ERR_BODY_MALFORMED: {
        readonly status: 400;
        readonly title: 'The request body cannot be parsed';
    };
    readonly ERR_BODY_TOO_LARGE: {
        readonly status: 413;
        readonly title: 'The request body is too large';
    };
    readonly ERR_BODY_TOO_MANY_FIELDS: {
        readonly status: 413;
        readonly title: 'The request body has too many fields';
    };
    readonly ERR_BODY_TYPE: {
        readonly status: 415;
        readonly title: 'This type of request body is not accepted';
    };
    readonly ERR_BODY_ENCODING: {
        readonly status: 415;
        readonly title: 'This encoding of the request body is not accepted';
    };
    readonly ERR_BODY_ABORTED: {
        readonly status: 400;
        readonly title: 'The request body ended early';
    };
    readonly ERR_FILE_TYPE: {
        readonly status: 415;
        readonly title: 'This type of file is not accepted';
    };
    readonly ERR_FILE_TOO_LARGE: {
        readonly status: 413;
        readonly title: 'The file is too large';
    };
    readonly ERR_VALIDATION: {
        readonly status: 400;
        readonly title: 'The request does not fit what this resource accepts';
    };
    readonly ERR_REDIRECT_EXTERNAL: {
        readonly status: 400;
        readonly title: 'This redirect would leave the site';
    };
    readonly ERR_PASSWORD_QUEUE_FULL: {
        readonly status: 503;
        readonly title: 'Too many log-ins at the same time';
    };
    readonly ERR_PASSWORD_UNUSABLE: {
        readonly status: 400;
        readonly title: 'This cannot be a password';
    };
    readonly ERR_AUTHENTICATION_REQUIRED: {
        readonly status: 401;
        readonly title: 'Log in first';
    };
    readonly ERR_TOKEN_REQUEST: {
        readonly status: 400;
        readonly title: 'A token is not sent like that';
    };
    readonly ERR_TOKEN_INVALID: {
        readonly status: 401;
        readonly title: 'This token is not accepted';
    };
    readonly ERR_ACCESS_DENIED: {
        readonly status: 403;
        readonly title: 'You may not do this';
    };
    readonly ERR_INTERNAL: {
        readonly status: 500;
        readonly title: 'Something went wrong';
    };
    readonly ERR_HANDLER_TIMEOUT: {
        readonly status: 503;
        readonly title: 'The answer took too long';
    };
    readonly ERR_OVERLOADED: {
        readonly status: 503;
        readonly title: 'The server is overloaded';
    };
    readonly ERR_RESPONSE_INVALID: {
        readonly status: 500;
        readonly title: 'The answer does not fit what this resource promises';
    };
    readonly ERR_UNAVAILABLE: {
        readonly status: 503;
        readonly title: 'Temporarily unavailable';
    };
};
export type Code = keyof typeof ERROR_CODES;
export type RefusalCode = {
    [C in Code]: (typeof ERROR_CODES)[C] extends {
        status: number;
    } ? C : never;
}[Code];
export type ConfigCode = Exclude<Code, RefusalCode>;
export declare class ConfigError extends TypeError {
    readonly name = "ConfigError";
    readonly code: ConfigCode;
    readonly field: string;
    readonly fix: string;
    constructor(code: ConfigCode, detail: {
        field: string;
        message: string;
        fix: string;
        text?: string;
        cause?: unknown;
    });
}
export interface RefusalDetail {
    readonly reason: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly extensions?: Readonly<Record<string, unknown>>;
    readonly cause?: unknown;
}
export declare class Refusal extends Error {
    readonly name: 'Refusal';
    readonly code: RefusalCode;
    readonly status: number;
    readonly statusCode: number;
    readonly expose: true;
    readonly reason: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly extensions: Readonly<Record<string, unknown>>;
    constructor(code: RefusalCode, detail: RefusalDetail);
}
