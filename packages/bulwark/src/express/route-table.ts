import parseurl from 'parseurl';
import { type Decision, decisionOf } from '../decisions.ts';
import {
  describePath,
  type ExpressApp,
  handlesMethod,
  isEmptyApp,
  type Layer,
  matchedPath,
  methodsOf,
  mountedApp,
  nestedRouter,
  ownSteps,
  pathOf,
  type Route,
  type Router,
  routerOf,
} from './internals.ts';

/** What the look-up says of a request before it is handled. */
export interface RouteMatch {
  /** The layer of the first route that answers; undefined where only middleware would. */
  readonly layer: Layer | undefined;
  /** The decisions of the routers on the way and of the route, in the router's order. */
  readonly decisions: readonly Decision[];
  /** Exemptions and settings of routers that are passed on the way: they are for the routes in there, not for this one. */
  readonly passed: readonly Decision[];
}

/** One route of the app, or a middleware that may answer on a path, for the coverage. */
export interface RouteRow {
  readonly kind: 'route' | 'middleware';
  readonly method: string;
  readonly path: string;
  readonly decisions: readonly Decision[];
}

/** A layer that is a route, a router or a decision; or, with none of these, a plain middleware. */
interface Node {
  readonly layer: Layer;
  readonly route: Route | undefined;
  readonly router: Router | undefined;
  readonly decision: Decision | undefined;
}

interface Compiled {
  readonly length: number;
  readonly last: Layer | undefined;
  /** What the look-up must visit: all but plain middleware. */
  readonly nodes: readonly Node[];
  readonly all: readonly Node[];
  /** A mounted app has no router yet, and may get one. */
  readonly unfinished: boolean;
}

/** What is gathered on the way to a route. */
interface Way {
  readonly path: string;
  readonly decisions: Decision[];
  readonly passed: Decision[];
  /** Those of nested routers that stand on a path of their own. */
  readonly mounted: Decision[];
}

/** What {@link RouteTable.isExposed} has met. */
type Seen = Record<'before' | 'behind' | 'demanded', boolean> & { readonly path: string };

/** A decision that was mounted on a path, for the rows below it. */
interface Scoped {
  /** The path of the router that it stands in. */
  readonly prefix: string;
  readonly layer: Layer;
  readonly decision: Decision;
}

/** No route has it. */
const NO_METHOD = '-';
const NOTHING: readonly Decision[] = [];
const NONE: RouteMatch = { layer: undefined, decisions: NOTHING, passed: NOTHING };

/**
 * Looks a request's route up with the router's own matchers, without running anything.
 *
 * Each stack is compiled once to the layers that matter, and again when the app has added one since.
 */
export class RouteTable {
  readonly #app: ExpressApp;
  readonly #compiled = new WeakMap<object, Compiled>();
  readonly #onRouter: (router: Router) => void;
  readonly #onApp: (app: ExpressApp) => void;

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
    const router = routerOf(this.#app);
    const path = pathnameOf(url);
    if (router === undefined || path === undefined) return upTo === undefined ? NONE : undefined;
    const way: Way = { path, decisions: [], passed: [], mounted: [] };
    const layer = this.#walk(router, method, path, upTo, way);
    const { decisions, passed, mounted } = way;
    if (layer !== undefined) return { layer, decisions, passed };
    if (upTo !== undefined) return undefined;
    // No route: a middleware may answer. What a router on a path says of itself then holds for that path: direction open,
    // because routers that hold only middleware would be without their decisions; those mounted on every path stay out.
    for (const decision of mounted) if (!decisions.includes(decision)) decisions.push(decision);
    return decisions.length === 0 ? NONE : { layer, decisions, passed: NOTHING };
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
    return this.#rowsOf(router, undefined, []).map((row) => this.#asLookedUp(row, inPassing));
  }

  /** For a request that no route takes, what stands behind a middleware counts as well: the row says what the look-up says. */
  #asLookedUp(row: RouteRow, inPassing: boolean): RouteRow {
    if (row.kind === 'route' || !/^[\w\-.~/]*$/.test(row.path)) return row;
    const match = this.find(NO_METHOD, row.path);
    if (match === undefined || match.layer !== undefined) return row;
    if (!inPassing || !this.isExposed(row.path)) return { ...row, decisions: match.decisions };
    return { ...row, decisions: match.decisions.filter(({ practice }) => practice !== 'access') };
  }

  #rowsOf(router: Router, mount: string | undefined, inherited: readonly Scoped[]): RouteRow[] {
    const prefix = mount ?? '';
    const rows: RouteRow[] = [];
    let answersBelow = false;
    const scoped = [...inherited];
    const above = (path: unknown): Decision[] =>
      scoped.filter((item) => isInScope(item, prefix, path)).map((item) => item.decision);
    for (const node of this.#compile(router).all) {
      const { layer, route, decision } = node;
      if (route !== undefined) {
        const path = joinPaths(prefix, describePath(route.path));
        for (const method of methodsOf(route)) {
          const decisions = [...above(route.path), ...routeDecisions(route, method)];
          rows.push({ kind: 'route', method, path, decisions });
        }
        continue;
      }
      const own = pathOf(layer);
      if (decision !== undefined) scoped.push({ prefix, layer, decision });
      else if (node.router !== undefined) rows.push(...this.#rowsOf(node.router, joinPaths(prefix, own), scoped));
      else if (isEveryPath(own)) answersBelow = true;
      else addMiddleware(rows, joinPaths(prefix, own), above(own));
    }
    // Beside routes it passes by, as a rule; without any, it is what answers. A router on every path is passed by all.
    const isOnItsOwn = rows.every(({ kind }) => kind === 'middleware') && (mount === undefined || !isEveryPath(mount));
    if (answersBelow && isOnItsOwn) addMiddleware(rows, joinPaths(prefix, '/'), above('/'));
    return rows;
  }

  #hasMiddleware(router: Router, path: string): boolean {
    return this.#compile(router).all.some((node) => {
      if (node.route !== undefined || node.decision !== undefined) return false;
      const rest = restOfPath(node.layer, path);
      return rest !== undefined && (node.router === undefined || this.#hasMiddleware(node.router, rest));
    });
  }

  #walk(router: Router, method: string, path: string, upTo: Layer | undefined, way: Way): Layer | undefined {
    for (const node of this.#nodes(router)) {
      const { layer, route } = node;
      if (route !== undefined) {
        if (!handlesMethod(route, method) || matchOrUndefined(layer, path) === undefined) continue;
        if (upTo !== undefined && layer !== upTo) continue;
        way.decisions.push(...routeDecisions(route, method));
        return layer;
      }
      const rest = restOfPath(layer, path);
      if (rest === undefined) continue;
      if (node.decision !== undefined) {
        way.decisions.push(node.decision);
        if (rest !== way.path) way.mounted.push(node.decision);
      }
      if (node.router !== undefined) {
        const before = way.decisions.length;
        const found = this.#walk(node.router, method, rest, upTo, way);
        if (found !== undefined) return found;
        leaveRouter(way, before);
      }
    }
    return undefined;
  }

  #collectMethods(router: Router, path: string, methods: Set<string>): void {
    for (const node of this.#nodes(router)) {
      if (node.route !== undefined) {
        if (node.route.methods._all || matchOrUndefined(node.layer, path) === undefined) continue;
        for (const method of methodsOf(node.route)) methods.add(method);
      } else if (node.router !== undefined) {
        const rest = restOfPath(node.layer, path);
        if (rest !== undefined) this.#collectMethods(node.router, rest, methods);
      }
    }
  }

  #nodes(router: Router): readonly Node[] {
    return this.#compile(router).nodes;
  }

  #compile(router: Router): Compiled {
    const { stack } = router;
    const last = stack[stack.length - 1];
    const known = this.#compiled.get(router);
    if (known !== undefined && !known.unfinished && known.length === stack.length && known.last === last) return known;
    this.#onRouter(router);
    const found = stack.slice(ownSteps(stack)).map((layer) => this.#nodeOf(layer));
    const all = found.filter((node) => typeof node === 'object');
    const nodes = all.filter((node) => (node.route ?? node.router ?? node.decision) !== undefined);
    const compiled = { length: stack.length, last, nodes, all, unfinished: found.includes('empty app') };
    this.#compiled.set(router, compiled);
    return compiled;
  }

  /** What a layer is; nothing where it answers no request that went well: error handlers. */
  #nodeOf(layer: Layer): Node | 'empty app' | 'nothing' {
    const node: Node = { layer, route: layer.route, router: undefined, decision: undefined };
    if (layer.route !== undefined) return node;
    const decision = decisionOf(layer.handle);
    if (decision !== undefined) return { ...node, decision };
    const mounted = mountedApp(layer);
    if (mounted !== undefined) {
      this.#onApp(mounted);
      const router = routerOf(mounted);
      return router === undefined ? 'empty app' : { ...node, router };
    }
    if (isEmptyApp(layer)) return 'empty app';
    const router = nestedRouter(layer);
    if (router !== undefined) return { ...node, router };
    return layer.handle.length > 3 ? 'nothing' : node;
  }
}

/** A middleware on a path, once, however many handlers it has there. */
function addMiddleware(rows: RouteRow[], path: string, decisions: readonly Decision[]): void {
  const known = rows.findIndex((row) => row.kind === 'middleware' && row.path === path);
  // The last one is what answers, if the others pass; by then all decisions before it have been met.
  if (known !== -1) rows.splice(known, 1);
  rows.push({ kind: 'middleware', method: '*', path, decisions });
}

function isEveryPath(path: string): boolean {
  return path === '' || path === '/';
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

function pathnameOf(url: string): string | undefined {
  try {
    return parseurl({ url } as Parameters<typeof parseurl>[0])?.pathname ?? undefined;
  } catch {
    return undefined;
  }
}

/** What a nested router sees of the path: Express cuts the matched prefix off at a separator, or passes the layer by. */
function restOfPath(layer: Layer, path: string): string | undefined {
  const matched = matchOrUndefined(layer, path);
  if (matched === undefined) return undefined;
  if (matched.length === 0) return path;
  if (matched !== path.slice(0, matched.length)) return undefined;
  const separator = path[matched.length];
  const cutsAtDot = layer.regexp !== undefined && separator === '.';
  if (separator !== undefined && separator !== '/' && !cutsAtDot) return undefined;
  const rest = path.slice(matched.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Malformed percent-encoding makes Express answer 400 by itself; for the look-up such a layer matches nothing. */
function matchOrUndefined(layer: Layer, path: string): string | undefined {
  try {
    return matchedPath(layer, path);
  } catch {
    return undefined;
  }
}

/** The router holds no route for the request: its requirements were carried out in passing, the rest was not meant for it. */
function leaveRouter(way: Way, before: number): void {
  for (const decision of way.decisions.splice(before)) {
    (decision.kind === 'requirement' ? way.decisions : way.passed).push(decision);
  }
}

/** Whether a decision that stands in front of a route holds for it: asked of the router's own matcher, as at run time. */
function isInScope({ prefix, layer, decision }: Scoped, routerPath: string, routePath: unknown): boolean {
  const mount = pathOf(layer);
  const below = routerPath.slice(prefix === '/' ? 0 : prefix.length);
  // A list is covered where each of its paths is; an exemption counts where it holds for one of them.
  const paths = Array.isArray(routePath) ? routePath.map(describePath) : [describePath(routePath)];
  const holds = (path: string): boolean => {
    const whole = joinPaths(below, path);
    if (isBelow(whole, mount) || matchOrUndefined(layer, whole) !== undefined) return true;
    const isPart = decision.kind === 'exemption' && decision.practice !== 'access';
    return isPart && matchOrUndefined(layer, fillParameters(whole, mount)) !== undefined;
  };
  return decision.kind === 'exemption' && decision.practice !== 'access' ? paths.some(holds) : paths.every(holds);
}

/** A path that a route with parameters answers, and that a mount path would match: `/:tenant/x` and `/acme` give `/acme/x`. */
function fillParameters(path: string, mount: string): string {
  const wanted = mount.split('/');
  return path
    .split('/')
    .map((segment, i) => (/^[:*{]/.test(segment) ? (wanted[i] ?? segment) : segment))
    .join('/');
}

function isBelow(path: string, prefix: string): boolean {
  return prefix === '/' || prefix === '' || path === prefix || path.startsWith(`${prefix}/`);
}

function joinPaths(prefix: string, path: string): string {
  if (path === '/' || path === '') return prefix === '' ? '/' : prefix;
  return prefix === '' || prefix === '/' ? path : prefix + path;
}
