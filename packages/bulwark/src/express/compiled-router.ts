import { type Decision, decisionOf } from '../decisions.ts';
import {
  type ExpressApp,
  isEmptyApp,
  type Layer,
  mountedApp,
  nestedRouter,
  ownSteps,
  type Route,
  type Router,
  routerOf,
} from './internals.ts';
import { isEverywhere, type LiteralPath, literalPathOf } from './literal-path.ts';
import { PathIndex } from './path-index.ts';

/** What the look-up says of a request before it is handled. One object for all requests of which the same is to be said. */
export interface RouteMatch {
  /** The layer of the first route that answers; undefined where only middleware would. */
  readonly layer: Layer | undefined;
  /** The decisions of the routers on the way and of the route, in the router's order. */
  readonly decisions: readonly Decision[];
  /** Exemptions and settings of routers that are passed on the way: they are for the routes in there, not for this one. */
  readonly passed: readonly Decision[];
}

/** A layer that is a route, a router or a decision; or, with none of these, a plain middleware. */
export interface Node {
  readonly layer: Layer;
  readonly route: Route | undefined;
  readonly router: Router | undefined;
  readonly decision: Decision | undefined;
  /** It stands on every path. */
  readonly isEverywhere: boolean;
  /** What is sure of its path. */
  readonly literal: LiteralPath | undefined;
  /** Of a route: what it said for the last method that was asked for. */
  own: OwnDecisions | undefined;
  /** Of a route: what was found to hold for requests that it takes. */
  readonly matches: RouteMatch[];
}

/** A route's own decisions for a method, as long as it has the same handlers. */
interface OwnDecisions {
  readonly method: string;
  readonly handlers: number;
  readonly last: Layer | undefined;
  readonly decisions: readonly Decision[];
}

/** A router's stack, read once. */
export interface CompiledRouter {
  readonly length: number;
  readonly last: Layer | undefined;
  /** What the look-up must visit, all but plain middleware, by the path that it stands on. */
  readonly index: PathIndex<Node>;
  readonly all: readonly Node[];
  /** A mounted app has no router yet, and may get one. */
  readonly isUnfinished: boolean;
}

/** Whether a stack is still what it was when it was read. */
export function isCurrent(compiled: CompiledRouter, stack: readonly Layer[]): boolean {
  const { length } = stack;
  return !compiled.isUnfinished && compiled.length === length && compiled.last === stack[length - 1];
}

/** @param onApp - called for each mounted app */
export function compileRouter({ stack }: Router, onApp: (app: ExpressApp) => void): CompiledRouter {
  const found = stack.slice(ownSteps(stack)).map((layer) => nodeOf(layer, onApp));
  const all = found.filter((node) => typeof node === 'object');
  const nodes = all.filter((node) => (node.route ?? node.router ?? node.decision) !== undefined);
  const index = new PathIndex(nodes.map((node) => ({ item: node, prefixes: node.literal?.prefixes })));
  return { length: stack.length, last: stack[stack.length - 1], index, all, isUnfinished: found.includes('empty app') };
}

/** What a layer is; nothing where it answers no request that went well: error handlers. */
function nodeOf(layer: Layer, onApp: (app: ExpressApp) => void): Node | 'empty app' | 'nothing' {
  const { route } = layer;
  if (route !== undefined) return newNode(layer, { route });
  const decision = decisionOf(layer.handle);
  if (decision !== undefined) return newNode(layer, { decision });
  const mounted = mountedApp(layer);
  if (mounted !== undefined) {
    onApp(mounted);
    const router = routerOf(mounted);
    return router === undefined ? 'empty app' : newNode(layer, { router });
  }
  if (isEmptyApp(layer)) return 'empty app';
  const router = nestedRouter(layer);
  if (router !== undefined) return newNode(layer, { router });
  return layer.handle.length > 3 ? 'nothing' : newNode(layer, {});
}

function newNode(layer: Layer, is: Partial<Pick<Node, 'route' | 'router' | 'decision'>>): Node {
  return {
    layer,
    route: is.route,
    router: is.router,
    decision: is.decision,
    isEverywhere: isEverywhere(layer),
    literal: literalPathOf(layer),
    own: undefined,
    matches: [],
  };
}

/** The decisions among a route's own handlers for a method. */
export function routeDecisions(route: Route, method: string): Decision[] {
  const lower = method.toLowerCase();
  const name = lower === 'head' && !route.methods.head ? 'get' : lower;
  const decisions: Decision[] = [];
  for (const layer of route.stack) {
    const applies = layer.method === undefined || layer.method === name;
    const decision = applies || method === '*' ? decisionOf(layer.handle) : undefined;
    // `app.all()` repeats each handler for each method.
    if (decision !== undefined && !decisions.includes(decision)) decisions.push(decision);
  }
  return decisions;
}

/** The same for a node's route, kept for the method that was asked for last: a route seldom answers two. */
export function ownDecisions(node: Node, route: Route, method: string): readonly Decision[] {
  const { stack } = route;
  const last = stack[stack.length - 1];
  const { own } = node;
  if (own !== undefined && own.method === method && own.handlers === stack.length && own.last === last) {
    return own.decisions;
  }
  const decisions = routeDecisions(route, method);
  node.own = { method, handlers: stack.length, last, decisions };
  return decisions;
}
