import type { Decision } from '../decisions.ts';
import { type Node, routeDecisions } from './compiled-router.ts';
import { describePath, type Layer, methodsOf, pathOf, type Router } from './internals.ts';
import { matchOrUndefined } from './path-match.ts';

/** One route of the app, or a middleware that may answer on a path, for the coverage. */
export interface RouteRow {
  readonly kind: 'route' | 'middleware';
  readonly method: string;
  readonly path: string;
  readonly decisions: readonly Decision[];
}

/** A decision that was mounted on a path, for the rows below it. */
interface Scoped {
  /** The path of the router that it stands in. */
  readonly prefix: string;
  readonly layer: Layer;
  readonly decision: Decision;
}

/** @param mount - the path that the router stands on; undefined for the app's own */
export function rowsOf(
  nodesOf: (router: Router) => readonly Node[],
  router: Router,
  mount?: string,
  inherited: readonly Scoped[] = [],
): RouteRow[] {
  const prefix = mount ?? '';
  const rows: RouteRow[] = [];
  let answersBelow = false;
  const scoped = [...inherited];
  const above = (path: unknown): Decision[] =>
    scoped.filter((item) => isInScope(item, prefix, path)).map((item) => item.decision);
  for (const node of nodesOf(router)) {
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
    else if (node.router !== undefined) rows.push(...rowsOf(nodesOf, node.router, joinPaths(prefix, own), scoped));
    else if (isEveryPath(own)) answersBelow = true;
    else addMiddleware(rows, joinPaths(prefix, own), above(own));
  }
  // Beside routes it passes by, as a rule; without any, it is what answers. A router on every path is passed by all.
  const isOnItsOwn = rows.every(({ kind }) => kind === 'middleware') && (mount === undefined || !isEveryPath(mount));
  if (answersBelow && isOnItsOwn) addMiddleware(rows, joinPaths(prefix, '/'), above('/'));
  return rows;
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
