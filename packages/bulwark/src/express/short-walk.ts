import type { IncomingMessage, ServerResponse } from 'node:http';
import { gateOf, type Next } from '../context.ts';
import type { Layer, Router } from './internals.ts';
import { literalPathOf } from './literal-path.ts';
import { PathIndex } from './path-index.ts';
import { pathnameOfRequest } from './path-match.ts';

type Handle = (this: WalkedRouter, req: IncomingMessage, res: ServerResponse, callback: Next) => void;

/** A router, or what holds `handle` for all routers of a copy of Express. */
type WalkedRouter = Router & { [STACK]?: IndexedStack; handle?: Handle & { [HOOKED]?: true } };

/** A layer and its position in the stack. */
interface Place {
  readonly layer: Layer;
  readonly position: number;
}

/** A stack as it was when it was read. */
interface IndexedStack {
  readonly router: Router;
  readonly length: number;
  readonly last: Layer | undefined;
  readonly index: PathIndex<Place>;
}

const STACK: unique symbol = Symbol('bulwark.stack');
const HOOKED: unique symbol = Symbol.for('bulwark.shortened');
/** Below this many layers, to ask them all is as fast. */
const MIN_LAYERS = 16;

/**
 * Lets a router that is asked by a request in a gate walk past the layers that cannot match.
 *
 * The router itself walks, with its own matchers, and sees in its stack only the layers that the path leaves in question.
 * In place of those left out stands a {@link Gap}, which puts them back when the path has changed on the way.
 * Requests outside a gate take the original way, and so does a router that no look-up has found.
 *
 * @param minLayers - the smallest stack that is worth it
 */
export function shortenWalks(router: Router, minLayers: number = MIN_LAYERS): void {
  const { stack } = router;
  const walked = router as WalkedRouter;
  const isPlain = Object.isExtensible(router) && Object.getOwnPropertyDescriptor(router, 'stack')?.writable === true;
  if (stack.length < minLayers || !isPlain) {
    delete walked[STACK];
    return;
  }
  const index = new PathIndex(
    stack.map((layer, position) => ({ item: { layer, position }, prefixes: literalPathOf(layer)?.prefixes })),
  );
  walked[STACK] = { router, length: stack.length, last: stack[stack.length - 1], index };
  hookHandle(walked);
}

/** Once for each copy of Express. */
function hookHandle(router: WalkedRouter): void {
  let holder: WalkedRouter | null = router;
  while (holder !== null && !Object.hasOwn(holder, 'handle'))
    holder = Object.getPrototypeOf(holder) as WalkedRouter | null;
  const original = holder?.handle;
  if (holder === null || original === undefined || original[HOOKED]) return;
  const hooked: Handle = function handle(req, res, callback) {
    original.call(shortened(this, req), req, res, callback);
  };
  holder.handle = Object.assign(hooked, { [HOOKED]: true as const });
}

/** The router with a shorter stack, where that is sure. */
function shortened(router: WalkedRouter, req: IncomingMessage): WalkedRouter {
  const known = router[STACK];
  // What stands for a router inherits this from it, where someone has wrapped `handle`: once is enough.
  if (known === undefined || known.router !== router || gateOf(req) === undefined) return router;
  const { stack } = router;
  if (known.length !== stack.length || known.last !== stack[stack.length - 1]) return router;
  const path = pathnameOfRequest(req);
  if (path === undefined) return router;
  const places = known.index.find(path);
  for (const { layer, position } of places) if (stack[position] !== layer) return router;
  // All else that the router is asked for, it has from the router that it stands for.
  const view = Object.create(router) as Omit<WalkedRouter, 'stack'> & { stack: ShortStack };
  view.stack = new ShortStack(stack, path, places);
  return view as unknown as WalkedRouter;
}

/**
 * What a router reads of its stack: entries by position, and a length. The length is asked for at each step, so layers that
 * are added while a request is on its way are found, as in a stack of Express's.
 */
class ShortStack {
  [position: number]: Layer | Gap;
  #length = 0;
  #known: number;
  readonly #stack: readonly Layer[];

  constructor(stack: readonly Layer[], path: string, places: readonly Place[]) {
    this.#stack = stack;
    this.#known = stack.length;
    let next = 0;
    for (const { layer, position } of places) {
      if (position !== next) this.#leaveOut(path, next);
      this[this.#length++] = layer;
      next = position + 1;
    }
    // Nothing stands behind the last layer: whether a router has reached its end is something that Express can tell.
    if (next !== stack.length) this.#leaveOut(path, next);
  }

  get length(): number {
    if (this.#stack.length > this.#known) this.#add(this.#known);
    return this.#length;
  }

  /** Puts everything back that stands behind a gap. */
  putBack(gap: number, from: number): void {
    this.#length = gap + 1;
    this.#add(from);
  }

  #leaveOut(path: string, from: number): void {
    this[this.#length] = new Gap(this, path, this.#length, from);
    this.#length++;
  }

  #add(from: number): void {
    const stack = this.#stack;
    for (let position = from; position < stack.length; position++) this[this.#length++] = stack[position] as Layer;
    this.#known = stack.length;
  }
}

/** Stands for layers that were left out, and asks whether they still cannot match: middleware may have rewritten the URL. */
class Gap {
  readonly route = undefined;
  readonly #stack: ShortStack;
  readonly #path: string;
  readonly #position: number;
  readonly #from: number;

  constructor(stack: ShortStack, path: string, position: number, from: number) {
    this.#stack = stack;
    this.#path = path;
    this.#position = position;
    this.#from = from;
  }

  match(path: string): false {
    if (path !== this.#path) this.#stack.putBack(this.#position, this.#from);
    return false;
  }
}
