import { type IncomingMessage, ServerResponse } from 'node:http';
import { applyHeadArguments, type ResponseHook } from '../context.ts';
import { headersIn, plainHead, TextHead } from '../head.ts';
import { nonceOf } from '../practices/headers/index.ts';
import type { ExpressApp } from './internals.ts';

type WriteHead = (this: ServerResponse, ...args: unknown[]) => ServerResponse;
type StoreHeader = (this: ServerResponse, firstLine: string, headers: unknown) => void;
type Render = (this: ServerResponse, ...args: unknown[]) => void;

const OUTER: unique symbol = Symbol('bulwark.outer');
const LINES: unique symbol = Symbol('bulwark.lines');
const RENDERING: unique symbol = Symbol('bulwark.rendering');

type Gated = ServerResponse & {
  [OUTER]?: WriteHead;
  /** The header lines that the gate's hooks have set; undefined unless the head is written. */
  [LINES]?: string | undefined;
  /** Where node puts a head together: the status line, then the headers that were set singly. */
  _storeHeader?: StoreHeader;
};

/**
 * The response gate: runs every practice's `response` hook once, just before a head is written, whoever writes it:
 * a handler, a stream, express.static, a 404, an error page, the gate itself.
 *
 * @returns the `writeHead` that the gate puts on each response as it enters: on the object itself, since every app that
 *   a response passes replaces its prototype; whatever later middleware wraps around it runs before it
 */
export function createResponseGate(hooks: readonly ResponseHook[]): ServerResponse['writeHead'] {
  return function writeHead(this: Gated, status?: unknown, message?: unknown, headers?: unknown): ServerResponse {
    const base = this[OUTER] ?? (Object.getPrototypeOf(this) as { writeHead: WriteHead }).writeHead;
    const informational = Number(status) < 200;
    if (this.headersSent || informational) return passOn(base, this, status, message, headers);
    if (message === undefined && headers === undefined) {
      // Node takes a numeric string too.
      if (status !== undefined) this.statusCode = Number(status);
    } else applyHeadArguments(this, message === undefined ? [status, headers] : [status, message, headers]);
    // HTTP/2 has no lines.
    if (typeof this._storeHeader !== 'function') {
      const head = plainHead(this);
      for (const hook of hooks) hook(this.req, this, head);
      return base.call(this, this.statusCode);
    }
    const head = new TextHead(this);
    for (const hook of hooks) hook(this.req, this, head);
    this[LINES] = head.text;
    if (this._storeHeader !== storeHeader) this._storeHeader = storeHeader;
    try {
      return base.call(this, this.statusCode);
    } catch (error) {
      // A head that could not be written: the response does not have these headers.
      this[LINES] = undefined;
      throw error;
    }
  };
}

function passOn(base: WriteHead, res: ServerResponse, ...args: readonly unknown[]): ServerResponse {
  return base.apply(res, args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1));
}

/**
 * Puts the gate's lines behind the status line. Node has no public way in for lines that are ready, and setting each
 * header singly costs ten times as much.
 */
function storeHeader(this: Gated, firstLine: string, headers: unknown): void {
  const lines = this[LINES];
  STORE_HEADER.call(this, lines === undefined ? firstLine : firstLine + lines, headers);
}

const STORE_HEADER = (ServerResponse.prototype as Gated)._storeHeader as StoreHeader;

/**
 * Lets `res.getHeader()` and its kin see the gate's headers once they are sent, as they see all others: loggers read them
 * there.
 */
export function installHeaderReaders(app: ExpressApp): void {
  const response = app.response as Gated;
  const base = Object.getPrototypeOf(response) as ServerResponse;
  const sent = (res: Gated): Map<string, string> => headersIn(res[LINES] ?? '');
  const readers: Partial<Record<keyof ServerResponse, (this: Gated, name: string) => unknown>> = {
    getHeader(name) {
      const value = base.getHeader.call(this, name);
      return value !== undefined || this[LINES] === undefined ? value : sent(this).get(name.toLowerCase());
    },
    hasHeader(name) {
      return base.hasHeader.call(this, name) || (this[LINES] !== undefined && sent(this).has(name.toLowerCase()));
    },
    getHeaderNames() {
      const names = base.getHeaderNames.call(this);
      return this[LINES] === undefined ? names : [...names, ...sent(this).keys()];
    },
    getHeaders() {
      const headers = base.getHeaders.call(this);
      return this[LINES] === undefined ? headers : Object.assign(headers, Object.fromEntries(sent(this)));
    },
  };
  for (const [name, value] of Object.entries(readers)) {
    Object.defineProperty(response, name, { configurable: true, writable: true, value });
  }
  if (STORE_HEADER !== undefined) response._storeHeader = storeHeader;
}

/** Puts a response gate on a response; what a parent app's middleware has wrapped around its head (a session) stays. */
export function installResponseGate(res: ServerResponse, gate: ServerResponse['writeHead']): void {
  if (Object.hasOwn(res, 'writeHead')) Object.defineProperty(res, OUTER, { value: res.writeHead });
  res.writeHead = gate;
}

/**
 * Gives each response `res.locals.nonce`: made when it is read, so a response that does not use it does not announce it.
 *
 * `res.render` copies all locals for its template; while it does, the nonce is an object that turns into the text when
 * the template prints it.
 */
export function installNonce(app: ExpressApp): void {
  const base = Object.getPrototypeOf(app.response) as { render: Render };
  Object.defineProperty(app.response, 'render', {
    configurable: true,
    writable: true,
    value: function render(this: ServerResponse & { [RENDERING]?: boolean }, ...args: unknown[]): void {
      this[RENDERING] = true;
      try {
        base.render.apply(this, args);
      } finally {
        this[RENDERING] = false;
      }
    },
  });
}

/** A nonce that is made when it is printed: templates call `toString` (EJS, Handlebars, Nunjucks) or `toJSON` (Pug). */
class LazyNonce {
  readonly #req: IncomingMessage;

  constructor(req: IncomingMessage) {
    this.#req = req;
  }

  toString(): string {
    return nonceOf(this.#req);
  }

  toJSON(): string {
    return nonceOf(this.#req);
  }
}

type Response = ServerResponse & { locals?: object; [RENDERING]?: boolean };

const OWNER: unique symbol = Symbol('bulwark.owner');

// V8 keeps the record of a getter among its old objects. One that closed over its request would keep the request there
// too, until the next full collection: hence one for all, which finds its response through the object that it is read on.
const NONCE: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get(this: object): string | LazyNonce | undefined {
    const res = Locals.responseOf(this);
    if (res === undefined) return undefined;
    return res[RENDERING] ? new LazyNonce(res.req) : nonceOf(res.req);
  },
  // Old code makes its own nonce here; the header announces this one, so this one it stays.
  set(_: unknown) {},
};

/**
 * The locals of a response. Nothing is inherited, as from null; but V8 makes an object without a prototype a slow hash
 * table.
 */
class Locals {
  readonly #res: Response;

  constructor(res: Response) {
    this.#res = res;
    Object.defineProperty(this, 'nonce', NONCE);
  }

  static responseOf(locals: { [OWNER]?: Response }): Response | undefined {
    return #res in locals ? locals.#res : locals[OWNER];
  }
}
Object.setPrototypeOf(Locals.prototype, null);
Reflect.deleteProperty(Locals.prototype, 'constructor');

/** Gives a response in a gate its `res.locals` with the nonce; what a parent app has put there already stays. */
export function addLocals(res: Response): void {
  if (res.locals === undefined) {
    res.locals = new Locals(res);
    return;
  }
  Object.defineProperty(res.locals, OWNER, { configurable: true, value: res });
  Object.defineProperty(res.locals, 'nonce', NONCE);
}
