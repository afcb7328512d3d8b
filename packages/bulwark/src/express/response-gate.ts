import type { IncomingMessage, ServerResponse } from 'node:http';
import { applyHeadArguments, type ResponseHook } from '../context.ts';
import { nonceOf } from '../practices/headers/index.ts';
import type { ExpressApp } from './internals.ts';

type WriteHead = (this: ServerResponse, ...args: unknown[]) => ServerResponse;
type Render = (this: ServerResponse, ...args: unknown[]) => void;

const OUTER: unique symbol = Symbol('bulwark.outer');
const RENDERING: unique symbol = Symbol('bulwark.rendering');

/**
 * The response gate: runs every practice's `response` hook once, just before a head is written, whoever writes it:
 * a handler, a stream, express.static, a 404, an error page, the gate itself.
 *
 * @returns the `writeHead` that the gate puts on each response as it enters: on the object itself, since every app that
 *   a response passes replaces its prototype; whatever later middleware wraps around it runs before it
 */
export function createResponseGate(hooks: readonly ResponseHook[]): ServerResponse['writeHead'] {
  return function writeHead(this: ServerResponse & { [OUTER]?: WriteHead }, ...args: unknown[]): ServerResponse {
    const base = this[OUTER] ?? (Object.getPrototypeOf(this) as { writeHead: WriteHead }).writeHead;
    const informational = Number(args[0]) < 200;
    if (this.headersSent || informational) return base.apply(this, args);
    applyHeadArguments(this, args);
    for (const hook of hooks) hook(this.req, this);
    return base.call(this, this.statusCode);
  };
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
  get(this: { [OWNER]?: Response }): string | LazyNonce | undefined {
    const res = this[OWNER];
    if (res === undefined) return undefined;
    return res[RENDERING] ? new LazyNonce(res.req) : nonceOf(res.req);
  },
  // Old code makes its own nonce here; the header announces this one, so this one it stays.
  set(_: unknown) {},
};

/** Nothing is inherited from it, as from null; but V8 makes an object without a prototype a slow hash table. */
const EMPTY: object = Object.freeze(Object.create(null) as object);

/** Gives a response in a gate its `res.locals` with the nonce; what a parent app has put there already stays. */
export function addLocals(res: Response): void {
  res.locals ??= Object.create(EMPTY) as object;
  Object.defineProperty(res.locals, OWNER, { configurable: true, value: res });
  Object.defineProperty(res.locals, 'nonce', NONCE);
}
