import type { Decision } from '../decisions.ts';
import {
  type CompiledRouter,
  compileRouter,
  isCurrent,
  type Node,
  ownDecisions,
  type RouteMatch,
} from './compiled-router.ts';
import {
  type ExpressApp,
  handlesMethod,
  type Layer,
  methodsOf,
  type Route,
  type Router,
  routerOf,
} from './internals.ts';
import { matchOrUndefined, pathnameOf, restOfPath } from './path-match.ts';
import { type RouteRow, rowsOf } from './route-rows.ts';
import { Way } from './way.ts';

/** What {@link RouteTable.isExposed} has met. */
type Seen = Record<'before' | 'behind' | 'demanded', boolean> & { readonly path: string };

/** No route has it. */
const NO_METHOD = '-';
const NOTHING: readonly Decision[] = [];
const NONE: RouteMatch = { layer: undefined, decisions: NOTHING, passed: NOTHING };
/** How many answers are kept for a route: for which decisions hold may depend on the path. */
const MAX_KEPT = 8;

/**
 * Looks a request's route up with the router's own matchers, without running anything.
 *
 * Each stack is compiled once to the layers that matter, by the path that they stand on, and again when the app has added
 * one since. A look-up asks only the layers that the path leaves in question, however many there are.
 */
export class RouteTable {
  readonly #app: ExpressApp;
  readonly #compiled = new WeakMap<object, CompiledRouter>();
  readonly #onRouter: (router: Router) => void;
  readonly #onApp: (app: ExpressApp) => void;
  /** Emptied for each look-up, which no other one interrupts. */
  readonly #way = new Way();

  /**
   * @param app - the root
   * @param on.router - called for each router found, and again when it has grown
   * @param on.app - called for each mounted app found
   */
  constructor(app: ExpressApp, on: { router?(router: Router): void; app?(app: ExpressApp): void } = {}) {
    this.#app = app;
    this.#onRouter = (router) => on.router?.(router);
    this.#onApp = (mounted) => on.app?.(mounted);
  }

  /**
   * The first route that would answer, and all decisions on the way to it.
   *
   * @param upTo - go on to this route layer, past earlier ones; if it is not reached the answer is undefined
   */
  find(method: string, url: string, upTo?: Layer): RouteMatch | undefined {
    return this.findPath(method, pathnameOf(url), upTo);
  }

  /** The same for a path that was parsed before; undefined where the router would see none. */
  findPath(method: string, path: string | undefined, upTo?: Layer): RouteMatch | undefined {
    const router = routerOf(this.#app);
    if (router === undefined || path === undefined) return upTo === undefined ? NONE : undefined;
    const way = this.#way;
    way.begin(path);
    const match = this.#walk(this.#compile(router), method, path, upTo, way);
    if (match !== undefined || upTo !== undefined) return match;
    // No route: a middleware may answer. What a router on a path says of itself then holds for that path: direction open,
    // because routers that hold only middleware would be without their decisions; those mounted on every path stay out.
    const decisions = way.decisions.toArray();
    for (const decision of way.mounted.toArray()) if (!decisions.includes(decision)) decisions.push(decision);
    return decisions.length === 0 ? NONE : { layer: undefined, decisions, passed: NOTHING };
  }

  /** The methods that routes of this path answer, for 405 and `Allow`; empty where no route has the path. */
  allowedMethods(url: string): string[] {
    const router = routerOf(this.#app);
    const path = pathnameOf(url);
    if (router === undefined || path === undefined) return [];
    const methods = new Set<string>();
    this.#collectMethods(router, path, methods);
    if (methods.has('GET')) methods.add('HEAD');
    return [...methods].sort();
  }

  /**
   * Whether a plain middleware would be asked for this path. Nobody can tell from outside which of them answer and which
   * only pass by, so each counts.
   */
  hasMiddleware(url: string): boolean {
    const router = routerOf(this.#app);
    const path = pathnameOf(url);
    return router !== undefined && path !== undefined && this.#hasMiddleware(router, path);
  }

  /**
   * Whether something is demanded of callers here, a middleware on a path of its own stands in front of that, and none behind it.
   * Where demands are carried out as the router passes them, such a one would come too late.
   */
  isExposed(url: string): boolean {
    const router = routerOf(this.#app);
    const path = pathnameOf(url);
    if (router === undefined || path === undefined) return false;
    const seen: Seen = { path, demanded: false, before: false, behind: false };
    this.#lookForMiddleware(router, path, seen);
    return seen.demanded && seen.before && !seen.behind;
  }

  /** Visits the whole tree once, so that routers and mounted apps are known before the first request. */
  seal(): void {
    this.rows();
  }

  /**
   * Every route of the app with its path as written, and every plain middleware that stands on a path of its own, or in a
   * router (or an app) without routes: it may answer there. Middleware that stands on every path is in no row otherwise.
   *
   * @param inPassing - access decisions are carried out where they stand, not before the app
   */
  rows(inPassing = false): RouteRow[] {
    const router = routerOf(this.#app);
    if (router === undefined) return [];
    const nodesOf = (of: Router): readonly Node[] => this.#compile(of).all;
    return rowsOf(nodesOf, router).map((row) => this.#asLookedUp(row, inPassing));
  }

  /** For a request that no route takes, what stands behind a middleware counts as well: the row says what the look-up says. */
  #asLookedUp(row: RouteRow, inPassing: boolean): RouteRow {
    if (row.kind === 'route' || !/^[\w\-.~/]*$/.test(row.path)) return row;
    const match = this.find(NO_METHOD, row.path);
    if (match === undefined || match.layer !== undefined) return row;
    if (!inPassing || !this.isExposed(row.path)) return { ...row, decisions: match.decisions };
    return { ...row, decisions: match.decisions.filter(({ practice }) => practice !== 'access') };
  }

  #lookForMiddleware(router: Router, path: string, seen: Seen): void {
    for (const { layer, route, router: nested, decision } of this.#compile(router).all) {
      const rest = route === undefined ? restOfPath(layer, path) : undefined;
      if (rest === undefined) continue;
      if (decision !== undefined) seen.demanded ||= decision.practice === 'access' && decision.kind === 'requirement';
      else if (nested !== undefined) this.#lookForMiddleware(nested, rest, seen);
      else if (seen.demanded) seen.behind = true;
      // What stands on every path (a session, a log) passes by.
      else seen.before ||= rest !== seen.path;
    }
  }

  #hasMiddleware(router: Router, path: string): boolean {
    return this.#compile(router).all.some((node) => {
      if (node.route !== undefined || node.decision !== undefined) return false;
      const rest = restOfPath(node.layer, path);
      return rest !== undefined && (node.router === undefined || this.#hasMiddleware(node.router, rest));
    });
  }

  #walk(
    compiled: CompiledRouter,
    method: string,
    path: string,
    upTo: Layer | undefined,
    way: Way,
  ): RouteMatch | undefined {
    for (const node of compiled.index.find(path)) {
      const { layer, route } = node;
      if (route !== undefined) {
        if (!handlesMethod(route, method) || !takes(node, path)) continue;
        if (upTo !== undefined && layer !== upTo) continue;
        return arrive(node, route, method, way);
      }
      const rest = node.isEverywhere ? path : restOfPath(layer, path);
      if (rest === undefined) continue;
      if (node.decision !== undefined) way.meet(node.decision, rest);
      if (node.router !== undefined) {
        const before = way.decisions.size;
        const found = this.#walk(this.#compile(node.router), method, rest, upTo, way);
        if (found !== undefined) return found;
        way.leaveRouter(before);
      }
    }
    return undefined;
  }

  #collectMethods(router: Router, path: string, methods: Set<string>): void {
    for (const node of this.#compile(router).index.find(path)) {
      if (node.route !== undefined) {
        if (node.route.methods._all || !takes(node, path)) continue;
        for (const method of methodsOf(node.route)) methods.add(method);
      } else if (node.router !== undefined) {
        const rest = restOfPath(node.layer, path);
        if (rest !== undefined) this.#collectMethods(node.router, rest, methods);
      }
    }
  }

  #compile(router: Router): CompiledRouter {
    const known = this.#compiled.get(router);
    if (known !== undefined && isCurrent(known, router.stack)) return known;
    this.#onRouter(router);
    const compiled = compileRouter(router, this.#onApp);
    this.#compiled.set(router, compiled);
    return compiled;
  }
}

/** Whether a route has the path. */
function takes({ layer, literal }: Node, path: string): boolean {
  return literal?.exact === path || matchOrUndefined(layer, path) !== undefined;
}

/** What holds at the end of the way; the same object as the last time where the same was met. */
function arrive(node: Node, route: Route, method: string, way: Way): RouteMatch {
  for (const decision of ownDecisions(node, route, method)) way.decisions.push(decision);
  const { matches } = node;
  for (const known of matches) {
    if (way.decisions.isSame(known.decisions) && way.passed.isSame(known.passed)) return known;
  }
  const match: RouteMatch = {
    layer: node.layer,
    decisions: Object.freeze(way.decisions.toArray()),
    passed: Object.freeze(way.passed.toArray()),
  };
  if (matches.length < MAX_KEPT) matches.push(match);
  return match;
}
