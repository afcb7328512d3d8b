import type { IncomingMessage, ServerResponse } from 'node:http';
import { gateOf, type Next } from '../context.ts';
import type { Layer, Router } from './internals.ts';

type HandleRequest = (this: Layer, req: IncomingMessage, res: ServerResponse, next: Next) => void;
type HandleError = (this: Layer, error: unknown, req: IncomingMessage, res: ServerResponse, next: Next) => void;

const HOOKED = Symbol.for('bulwark.hooked');

/** Express 4 names these with underscores, Express 5 in camel case. */
interface LayerPrototype {
  [HOOKED]?: true;
  handle_request?: HandleRequest;
  handle_error?: HandleError;
  handleRequest?: HandleRequest;
}

/**
 * Hooks the one place where a router enters a layer, once for each copy of Express:
 *
 * - a request that is in a gate tells the gate which route it enters, so a route that the look-up did not foresee
 *   (fall-through by `next()`, a rewritten URL, a changed method) is judged by its own decisions;
 * - on Express 4, a rejected promise goes to `next`, as Express 5 does it.
 *
 * Requests outside a gate take the original way.
 */
export function hookLayers(layer: Layer): void {
  const prototype = Object.getPrototypeOf(layer) as LayerPrototype;
  if (prototype[HOOKED]) return;
  prototype[HOOKED] = true;
  if (prototype.handleRequest !== undefined) {
    const original = prototype.handleRequest;
    prototype.handleRequest = function handleRequest(req, res, next) {
      enter(this, req, res, next, original);
    };
  }
  if (prototype.handle_request !== undefined) {
    const original = prototype.handle_request;
    prototype.handle_request = function handle_request(req, res, next) {
      enter(this, req, res, next, original);
    };
    hookExpress4(prototype);
  }
}

function enter(layer: Layer, req: IncomingMessage, res: ServerResponse, next: Next, original: HandleRequest): void {
  const gate = gateOf(req);
  if (gate === undefined) return original.call(layer, req, res, next);
  gate.enterApp(req);
  if (layer.route === undefined || gate.isForeseen(req, layer)) return original.call(layer, req, res, next);
  gate.enterRoute(req, res, layer, (error) => {
    if (error === undefined) original.call(layer, req, res, next);
    else next(error);
  });
}

/** Express 4 calls a handler and forgets what it returns; inside a gate a rejection goes to `next`. */
function hookExpress4(prototype: LayerPrototype): void {
  const request = prototype.handle_request as HandleRequest;
  prototype.handle_request = function handle_request(req, res, next) {
    const gate = gateOf(req);
    if (this.route !== undefined || gate === undefined || this.handle.length > 3) {
      return request.call(this, req, res, next);
    }
    gate.enterApp(req);
    const { handle } = this;
    try {
      forward(handle(req, res, next), next);
    } catch (error) {
      next(error);
    }
  };
  const error = prototype.handle_error as HandleError;
  prototype.handle_error = function handle_error(failure, req, res, next) {
    const handle = this.handle as unknown as (...args: unknown[]) => unknown;
    if (gateOf(req) === undefined || handle.length !== 4) return error.call(this, failure, req, res, next);
    try {
      forward(handle(failure, req, res, next), next);
    } catch (thrown) {
      next(thrown);
    }
  };
}

/** Express 4 calls `app.param` callbacks itself; they are wrapped where they are kept. */
export function hookParams(router: Router): void {
  for (const [name, callbacks] of Object.entries(router.params ?? {})) {
    if (router.params === undefined || !Array.isArray(callbacks)) continue;
    router.params[name] = callbacks.map((callback) => {
      if (Object.hasOwn(callback, HOOKED)) return callback;
      const wrapped = function param(this: unknown, ...args: unknown[]): void {
        const next = args[2] as Next;
        try {
          forward(callback.apply(this, args), next);
        } catch (error) {
          next(error);
        }
      };
      return Object.assign(wrapped, { [HOOKED]: true });
    });
  }
}

/** What a handler returns may be a promise: its rejection is an error like one that is thrown. */
function forward(result: unknown, next: Next): void {
  if (isThenable(result)) result.then(undefined, (error: unknown) => next(error ?? new Error('Rejected promise')));
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}
