import type { IncomingMessage, ServerResponse } from 'node:http';

type Redirect = (this: ServerResponse, ...args: unknown[]) => unknown;
type Location = (this: ServerResponse, url: unknown) => ServerResponse;

const PASSED: unique symbol = Symbol('bulwark.redirect-passed');

type RedirectResponse = ServerResponse & {
  redirect?: Redirect;
  location?: Location;
  app?: { lazyrouter?: unknown };
  [PASSED]?: string;
};

/**
 * Says whether a redirect to a target is refused; if it is, the request has been answered, or handed to an error handler.
 *
 * It is no exception: `res.redirect()` is often called in a callback, where nobody catches one and it would end the process.
 */
export type RefusesRedirect = (req: IncomingMessage, res: ServerResponse, target: string) => boolean;

/**
 * Puts a judge in front of `res.redirect()`, and of `res.location()` where the status is one of a redirect already.
 *
 * @param holder - what gets the two methods: an app's `response`, which all its responses inherit from, or one response
 * @param base - where Express's own are found
 * @returns false where there are none: a response of bare node:http
 */
export function installRedirects(holder: object, base: object, refuses: RefusesRedirect): boolean {
  const { redirect, location } = base as RedirectResponse;
  if (typeof redirect !== 'function' || typeof location !== 'function') return false;

  function guardedRedirect(this: RedirectResponse, ...args: unknown[]): unknown {
    // Turned into text once: what is judged is what is sent. Which of the two is the address, both versions decide
    // differently, so whatever is no number is judged.
    const given = args.map((arg) => (typeof arg === 'number' ? arg : textOf(arg)));
    for (const target of given) {
      if (typeof target !== 'string') continue;
      if (refuses(this.req, this, targetOf(this, target))) return undefined;
      this[PASSED] = target;
    }
    return redirect?.apply(this, given);
  }

  function guardedLocation(this: RedirectResponse, url: unknown): ServerResponse {
    const target = textOf(url);
    const isJudged = typeof target !== 'string' || target === this[PASSED] || !isRedirect(this.statusCode);
    if (!isJudged && refuses(this.req, this, targetOf(this, target))) return mute(this);
    return location?.call(this, target) ?? this;
  }

  for (const [name, value] of [
    ['redirect', guardedRedirect],
    ['location', guardedLocation],
  ] as const) {
    Object.defineProperty(holder, name, { configurable: true, writable: true, value });
  }
  return true;
}

/** Whether a status makes browsers follow `Location`. */
export function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

/** The text that Express would make of an address, `['//evil']` and objects of the kind of a URL among them. */
function textOf(value: unknown): unknown {
  return value === undefined || value === null ? value : `${value as string}`;
}

/** Express 4 takes `'back'` for the address that the browser came from. */
function targetOf({ req, app }: RedirectResponse, target: string): string {
  if (target !== 'back' || typeof app?.lazyrouter !== 'function') return target;
  const { referrer, referer } = req.headers;
  // As Express reads it: an empty one counts as none.
  return String(referrer || referer || '/');
}

/** The handler goes on with `.send()` or `.end()`; the answer has been given. */
function mute(res: ServerResponse): ServerResponse {
  if (!res.writableEnded) return res;
  const quiet = (): ServerResponse => res;
  for (const name of ['send', 'json', 'jsonp', 'sendStatus', 'status', 'set', 'end']) {
    Object.defineProperty(res, name, { configurable: true, writable: true, value: quiet });
  }
  return res;
}
