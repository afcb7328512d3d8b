/** One row of the table of codes: what a code means and what to do about it. */
export interface ErrorCode {
  /** HTTP status of a refused request; absent on an error of configuration, which never reaches a client. */
  readonly status?: number;
  /** What it says in public: no value of the request or of the app is ever put into it. */
  readonly title: string;
}

/**
 * Every `ERR_` code of the library. docs/errors.md explains each; a test keeps the two equal in both directions.
 *
 * Codes with a status belong to requests that were refused; the others to settings that were.
 */
export const ERROR_CODES = {
  // Configuration: thrown at construction as ConfigError.
  ERR_CONFIG_UNKNOWN_KEY: { title: 'The policy has a key that does not exist' },
  ERR_CONFIG_VALUE: { title: 'A setting has a value that it cannot have' },
  ERR_CONFIG_CONTRADICTION: { title: 'Two settings contradict each other' },
  ERR_CONFIG_ORIGIN: { title: 'An origin is not an exact scheme://host[:port]' },
  ERR_CONFIG_TRUST_PROXY: { title: 'The proxy setting would trust any sender' },
  ERR_CONFIG_CERTIFICATE: { title: 'A certificate or its key cannot be used' },
  ERR_SECURED_TWICE: { title: 'secure() was called twice on the same app' },
  ERR_SECURED_LATE: { title: 'secure() was called after the app had answered a request' },
  ERR_UNSUPPORTED_EXPRESS: { title: 'This is not an Express 4.21+ or 5 application' },
  ERR_ROUTE_UNDECIDED: { title: 'A route has no access decision' },
  ERR_LISTEN: { title: 'The server cannot listen' },
  ERR_TOKEN_KEY: { title: 'A key cannot be used to sign or to verify tokens' },
  ERR_TOKEN_CLAIM: { title: 'A claim must not go into a token' },
  ERR_ENVIRONMENT: { title: 'Environment variables are missing, unusable or unsafe' },

  // Refused requests: a Refusal with this status.
  ERR_HOST_NOT_ALLOWED: { status: 421, title: 'This host is not served here' },
  ERR_HOST_INVALID: { status: 400, title: 'The Host header is missing or malformed' },
  ERR_FORWARDED_INVALID: { status: 400, title: 'A forwarding header is malformed' },
  ERR_HTTPS_REQUIRED: { status: 403, title: 'This resource is served over HTTPS only' },
  ERR_CORS_ORIGIN: { status: 403, title: 'This origin may not call this resource' },
  ERR_CORS_METHOD: { status: 403, title: 'This method may not be called from another origin' },
  ERR_CORS_HEADER: { status: 403, title: 'A request header may not be sent from another origin' },
  ERR_RATE_LIMIT: { status: 429, title: 'Too many requests' },
  ERR_LOGIN_THROTTLED: { status: 429, title: 'Too many failed logins' },
  ERR_TOO_MANY_IN_FLIGHT: { status: 429, title: 'Too many requests at the same time' },
  ERR_CSRF_CROSS_SITE: { status: 403, title: 'A page of another site sent this request' },
  ERR_CSRF_SAME_SITE: { status: 403, title: 'A page of a sibling host sent this request' },
  ERR_CSRF_ORIGIN: { status: 403, title: 'The Origin of this request is not this site' },
  ERR_CSRF_NULL_ORIGIN: { status: 403, title: 'The Origin of this request is null' },
  ERR_CSRF_NO_ORIGIN: { status: 403, title: 'This request carries cookies but does not say where it comes from' },
  ERR_CSRF_METHOD_CHANGED: { status: 403, title: 'The method of this request was changed after it was checked' },
  ERR_FETCH_ISOLATED: { status: 403, title: 'Another site may not load this resource' },
  ERR_METHOD_NOT_ALLOWED: { status: 405, title: 'This method is not allowed here' },
  ERR_NOT_FOUND: { status: 404, title: 'Not found' },
  ERR_REQUEST_SMUGGLING: { status: 400, title: 'Where this request ends is ambiguous' },
  ERR_HEADERS_TOO_MANY: { status: 431, title: 'The request has too many headers' },
  ERR_URL_INVALID: { status: 400, title: 'The address of this request is malformed' },
  ERR_QUERY_INVALID: { status: 400, title: 'The query of this request is not accepted' },
  ERR_BODY_MALFORMED: { status: 400, title: 'The request body cannot be parsed' },
  ERR_BODY_TOO_LARGE: { status: 413, title: 'The request body is too large' },
  ERR_BODY_TOO_MANY_FIELDS: { status: 413, title: 'The request body has too many fields' },
  ERR_BODY_TYPE: { status: 415, title: 'This type of request body is not accepted' },
  ERR_BODY_ENCODING: { status: 415, title: 'This encoding of the request body is not accepted' },
  ERR_BODY_ABORTED: { status: 400, title: 'The request body ended early' },
  ERR_FILE_TYPE: { status: 415, title: 'This type of file is not accepted' },
  ERR_FILE_TOO_LARGE: { status: 413, title: 'The file is too large' },
  ERR_VALIDATION: { status: 400, title: 'The request does not fit what this resource accepts' },
  ERR_REDIRECT_EXTERNAL: { status: 400, title: 'This redirect would leave the site' },
  ERR_PASSWORD_QUEUE_FULL: { status: 503, title: 'Too many log-ins at the same time' },
  ERR_PASSWORD_UNUSABLE: { status: 400, title: 'This cannot be a password' },
  ERR_AUTHENTICATION_REQUIRED: { status: 401, title: 'Log in first' },
  ERR_TOKEN_REQUEST: { status: 400, title: 'A token is not sent like that' },
  ERR_TOKEN_INVALID: { status: 401, title: 'This token is not accepted' },
  ERR_ACCESS_DENIED: { status: 403, title: 'You may not do this' },
  ERR_INTERNAL: { status: 500, title: 'Something went wrong' },
  ERR_HANDLER_TIMEOUT: { status: 503, title: 'The answer took too long' },
  ERR_OVERLOADED: { status: 503, title: 'The server is overloaded' },
  ERR_RESPONSE_INVALID: { status: 500, title: 'The answer does not fit what this resource promises' },
  ERR_UNAVAILABLE: { status: 503, title: 'Temporarily unavailable' },
} as const;

/** Any code of {@link ERROR_CODES}. */
export type Code = keyof typeof ERROR_CODES;

/** Codes of refused requests: those with an HTTP status. */
export type RefusalCode = { [C in Code]: (typeof ERROR_CODES)[C] extends { status: number } ? C : never }[Code];

/** Codes of refused settings. */
export type ConfigCode = Exclude<Code, RefusalCode>;

/**
 * A setting is wrong, unknown or contradictory. Thrown at construction, never while a request is served.
 *
 * @example
 * try { secure(app, { origins: ['https://shop.example/path'] }) }
 * catch (error) { if (error instanceof ConfigError) console.error(error.code, error.field, error.fix) }
 */
export class ConfigError extends TypeError {
  override readonly name = 'ConfigError';
  readonly code: ConfigCode;
  /** The setting, as a path into the policy: `cors.origins[0]`. */
  readonly field: string;
  /** What to write instead. */
  readonly fix: string;

  /** @param detail.text - the whole message, where one sentence is not enough */
  constructor(
    code: ConfigCode,
    detail: { field: string; message: string; fix: string; text?: string; cause?: unknown },
  ) {
    super(detail.text ?? `${detail.field}: ${detail.message}. Fix: ${detail.fix} [${code}]`, { cause: detail.cause });
    this.code = code;
    this.field = detail.field;
    this.fix = detail.fix;
  }
}

/** What a {@link Refusal} may carry beside its code. */
export interface RefusalDetail {
  /** Public: which rule refused and, where that helps, which header. Never a value of the request. */
  readonly reason: string;
  /** Headers of the answer, such as `Retry-After`, `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Public members for the problem document, such as the list of fields that failed. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Private: for the log only. */
  readonly cause?: unknown;
}

/**
 * A request was refused. A practice passes it to `next()`; the `errors` practice turns it into an answer.
 *
 * It has the fields that other error handlers know: `status`, `statusCode`, `expose`, `headers`.
 *
 * @example next(new Refusal('ERR_RATE_LIMIT', { reason: 'limit "login" is used up', headers: { 'Retry-After': '30' } }))
 */
export class Refusal extends Error {
  override readonly name: 'Refusal';
  readonly code: RefusalCode;
  readonly status: number;
  readonly statusCode: number;
  readonly expose: true;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(code: RefusalCode, detail: RefusalDetail) {
    // What a caller has got wrong throws here, before there are no stacks.
    const { status, title } = ERROR_CODES[code];
    const { reason, headers = {}, extensions = {}, cause } = detail;
    const message = `${title}: ${reason}`;
    // A stack costs microseconds on each refusal, and a refusal is no bug whose place one looks for.
    const limit = Error.stackTraceLimit;
    // `Reflect`: an app may have frozen the built-ins, and then a refusal has a stack.
    Reflect.set(Error, 'stackTraceLimit', 0);
    try {
      super(message, { cause });
    } finally {
      Reflect.set(Error, 'stackTraceLimit', limit);
    }
    this.name = 'Refusal';
    this.code = code;
    this.status = status;
    this.statusCode = status;
    this.expose = true;
    this.reason = reason;
    this.headers = headers;
    this.extensions = extensions;
  }
}
