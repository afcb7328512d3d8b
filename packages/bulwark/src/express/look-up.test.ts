import type { IncomingMessage, ServerResponse } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXPRESS_ALL, type Express } from '../../test/support/http.ts';
import {
  buildPlaces,
  type RandomAct,
  type RandomPlace,
  randomPlaces,
  randomTargets,
} from '../../test/support/random-routes.ts';
import { type Decision, decide, decisionOf } from '../decisions.ts';
import { type RouteMatch, routeDecisions } from './compiled-router.ts';
import {
  type ExpressApp,
  handlesMethod,
  type Layer,
  mountedApp,
  nestedRouter,
  type Router,
  routerOf,
} from './internals.ts';
import { matchOrUndefined, pathnameOf, restOfPath } from './path-match.ts';
import { RouteTable } from './route-table.ts';

const PASS: fc.Arbitrary<RandomAct> = fc.constant({ kind: 'pass' });
const METHODS = ['GET', 'GET', 'POST', 'HEAD', 'DELETE', 'get', 'OPTIONS'];

/** A few of each kind, so that the same one is met twice on a way. */
function randomDecision(name: string): Decision {
  const number = Number(/\d+$/.exec(name)) % 5;
  const kind = (['requirement', 'exemption', 'setting'] as const)[number % 3] ?? 'setting';
  return { practice: 'access', kind, summary: `${kind} ${number}` };
}

function build(express: Express, places: readonly RandomPlace[]): ExpressApp {
  const app = express();
  const end = (_req: IncomingMessage, res: ServerResponse): void => void res.end();
  buildPlaces(app, places, express, {
    route: (name) => (name.endsWith('3') ? [end] : [decide(randomDecision(name)), end]),
    handler: (name, place) => {
      if (place.kind === 'decision') return decide(randomDecision(name));
      if (place.kind === 'failure') return (_error: unknown, _req: unknown, _res: unknown, next: () => void) => next();
      return (_req: unknown, _res: unknown, next: () => void) => next();
    },
  });
  return app as unknown as ExpressApp;
}

/** Every layer asked in turn, by the router's own matcher: what the look-up was before it had an index. */
function linearly(app: ExpressApp, method: string, url: string, upTo?: Layer): RouteMatch | undefined {
  const path = pathnameOf(url);
  const decisions: Decision[] = [];
  const passed: Decision[] = [];
  const mounted: Decision[] = [];
  const walk = (router: Router, rest: string): Layer | undefined => {
    for (const layer of router.stack) {
      if (layer.route !== undefined) {
        if (!handlesMethod(layer.route, method) || matchOrUndefined(layer, rest) === undefined) continue;
        if (upTo !== undefined && upTo !== layer) continue;
        decisions.push(...routeDecisions(layer.route, method));
        return layer;
      }
      const below = restOfPath(layer, rest);
      if (below === undefined) continue;
      const decision = decisionOf(layer.handle);
      if (decision !== undefined) {
        decisions.push(decision);
        if (below !== path) mounted.push(decision);
        continue;
      }
      const inner = mountedApp(layer);
      const nested = inner === undefined ? nestedRouter(layer) : routerOf(inner);
      if (nested === undefined) continue;
      const before = decisions.length;
      const found = walk(nested, below);
      if (found !== undefined) return found;
      for (const left of decisions.splice(before)) (left.kind === 'requirement' ? decisions : passed).push(left);
    }
    return undefined;
  };
  const router = routerOf(app);
  const layer = router === undefined || path === undefined ? undefined : walk(router, path);
  if (layer !== undefined) return { layer, decisions, passed };
  if (upTo !== undefined) return undefined;
  for (const decision of mounted) if (!decisions.includes(decision)) decisions.push(decision);
  return { layer, decisions, passed: [] };
}

function routesOf(router: Router | undefined): Layer[] {
  return (router?.stack ?? []).flatMap((layer) => {
    if (layer.route !== undefined) return [layer];
    const inner = mountedApp(layer);
    return routesOf(inner === undefined ? nestedRouter(layer) : routerOf(inner));
  });
}

describe.each(EXPRESS_ALL)('the compiled look-up on Express %s', (version, express) => {
  it('says what a walk through all layers says, of every path syntax and every spelling', () => {
    fc.assert(
      fc.property(
        randomPlaces(version, PASS),
        fc.array(fc.tuple(fc.constantFrom(...METHODS), randomTargets), { minLength: 12, maxLength: 12 }),
        (places, requests) => {
          // An expression that remembers where it was answers differently each time, so each way has an app of its own.
          const [one, other] = [build(express, places), build(express, places)];
          const [ones, others] = [routesOf(routerOf(one)), routesOf(routerOf(other))];
          const table = new RouteTable(one);
          const comparable = (match: RouteMatch | undefined, layers: readonly Layer[]): unknown =>
            match === undefined
              ? undefined
              : {
                  layer: match.layer === undefined ? undefined : layers.indexOf(match.layer),
                  decisions: match.decisions.map(({ summary }) => summary),
                  passed: match.passed.map(({ summary }) => summary),
                };
          for (const [method, url] of requests) {
            const known = comparable(table.find(method, url), ones);
            expect(known, `${method} ${url}`).toEqual(comparable(linearly(other, method, url), others));
            const last = ones.length - 1;
            const reached = comparable(table.find(method, url, ones[last]), ones);
            expect(reached).toEqual(comparable(linearly(other, method, url, others[last]), others));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('answers the same again with the same object, and never with that of another way', () => {
    const app = express();
    const end = (_req: IncomingMessage, res: ServerResponse): void => void res.end();
    const [one, two] = ['one', 'two'].map((summary) => decide({ practice: 'access', kind: 'setting', summary }));
    const passing = express.Router();
    passing.use(two as never);
    app.use('/a', one as never);
    app.use('/c', passing as never);
    app.get('/:first/x', end);
    const table = new RouteTable(app as unknown as ExpressApp);
    const seen = ['/a/x', '/b/x', '/c/x', '/a/x', '/b/x', '/c/x'].map((url) => table.find('GET', url));
    const summaries = seen.map((match) =>
      [match?.decisions, match?.passed].map((list) => list?.map(({ summary }) => summary)),
    );
    expect(summaries.slice(0, 3)).toEqual([
      [['one'], []],
      [[], []],
      [[], ['two']],
    ]);
    expect(summaries.slice(3)).toEqual(summaries.slice(0, 3));
    for (const i of [0, 1, 2]) expect(seen[i + 3]).toBe(seen[i]);
    expect(Object.isFrozen(seen[0]?.decisions)).toBe(true);
  });

  it('sees a handler that a route gets later, and asks anew for each method', () => {
    const app = express();
    const end = (_req: IncomingMessage, res: ServerResponse): void => void res.end();
    const [read, write, late] = ['read', 'write', 'late'].map((summary) =>
      decide({ practice: 'access', kind: 'setting', summary }),
    );
    const route = app
      .route('/x')
      .get(read as never, end)
      .post(write as never, end);
    const table = new RouteTable(app as unknown as ExpressApp);
    const summaries = (method: string): unknown => table.find(method, '/x')?.decisions.map(({ summary }) => summary);
    expect([summaries('GET'), summaries('POST'), summaries('GET')]).toEqual([['read'], ['write'], ['read']]);
    route.get(late as never);
    expect([summaries('GET'), summaries('POST')]).toEqual([['read', 'late'], ['write']]);
  });
});
