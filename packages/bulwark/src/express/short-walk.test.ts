import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
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
import { contextOf, type GateServices, type Next } from '../context.ts';
import { type ExpressApp, isExpressApp, type Router, routerOf } from './internals.ts';
import { shortenWalks } from './short-walk.ts';

/** The gate is not asked for anything: that there is one is what counts. */
const GATE = {} as GateServices;

const acts: fc.Arbitrary<RandomAct> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<RandomAct>({ kind: 'pass' }, { kind: 'pass' }, { kind: 'later' }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<RandomAct>(
      { kind: 'answer' },
      { kind: 'fail' },
      { kind: 'route' },
      { kind: 'router' },
      { kind: 'grow' },
    ),
  },
  { weight: 3, arbitrary: randomTargets.map((url): RandomAct => ({ kind: 'rewrite', url })) },
);

interface Walked extends IncomingMessage {
  baseUrl: string;
  originalUrl: string;
  params: object;
  route?: { path: unknown };
  saw(what: string): void;
}

/** An app, and the routers in it. */
interface Built {
  readonly app: ExpressApp;
  routers(): Router[];
}

function build(express: Express, places: readonly RandomPlace[]): Built {
  const root = express();
  const found: unknown[] = [];
  const note = (name: string, req: Walked): void =>
    req.saw(`${name} ${req.url} ${req.baseUrl} ${JSON.stringify(req.params)} ${String(req.route?.path)}`);
  const act = (
    name: string,
    chosen: RandomAct,
    req: Walked,
    next: Next,
    target: { get(path: string, handler: unknown): unknown },
  ): void => {
    if (chosen.kind === 'answer') return req.saw('end');
    if (chosen.kind === 'rewrite') req.url = chosen.url;
    if (chosen.kind === 'grow') target.get('/a', (grown: Walked) => grown.saw('end grown'));
    if (chosen.kind === 'later') return void setImmediate(next);
    if (chosen.kind === 'fail') next(new Error(name));
    else if (chosen.kind === 'route' || chosen.kind === 'router') next(chosen.kind);
    else next();
    // What runs before and what runs after tells where Express goes on at once and where it does not.
    req.saw(`after ${name}`);
  };
  buildPlaces(root, places, express, {
    router: (router) => {
      found.push(router);
      const param = (req: Walked, _res: unknown, next: Next, value: string, name: string): void => {
        req.saw(`param ${name} ${value}`);
        next();
      };
      (router.param as ((name: string, callback: unknown) => void) | undefined)?.call(router, 'x', param);
    },
    route: (name) => [
      (req: Walked, _res: unknown, next: Next) => {
        note(name, req);
        // Every second route passes: what stands behind it has to be found as well.
        if (Number(/\d+$/.exec(name)) % 2 === 0) req.saw('end');
        else next();
      },
    ],
    handler: (name, place, target) => {
      if (place.kind !== 'failure') {
        const middleware = (req: Walked, _res: unknown, next: Next): void => {
          note(name, req);
          act(name, place.act, req, next, target);
        };
        return middleware;
      }
      return (error: Error, req: Walked, _res: unknown, next: Next) => {
        note(`${name} ${error.message}`, req);
        if (place.act.kind === 'fail') next(error);
        else act(name, place.act, req, next, target);
      };
    },
  });
  const routers = (): Router[] =>
    found.map((one) => (isExpressApp(one) ? routerOf(one) : (one as Router))).filter((router) => router !== undefined);
  return { app: root as unknown as ExpressApp, routers };
}

/** Everything that the handlers of an app saw of one request, in the order in which it happened. */
function walk(target: ExpressApp, method: string, url: string): Promise<string[]> {
  const req = new IncomingMessage(new Socket()) as unknown as Walked;
  const res: ServerResponse = new ServerResponse(req);
  Object.assign(req, { method, url });
  contextOf(req).gate = GATE;
  const log: string[] = [];
  return new Promise((resolve) => {
    const settle = (): void => void setImmediate(() => setImmediate(() => resolve(log)));
    req.saw = (what) => {
      log.push(what);
      if (what.startsWith('end')) settle();
    };
    // Express 4 and 5 answer OPTIONS themselves.
    res.end = ((body: unknown) => {
      req.saw(`end ${String(res.getHeader('Allow'))} ${String(body)}`);
      return res;
    }) as ServerResponse['end'];
    target.handle(req, res, (error) => req.saw(`end ${String(error)}`));
  });
}

describe.each(EXPRESS_ALL)('a shortened walk on Express %s', (version, express) => {
  it('does exactly what the whole walk does, whatever the middleware does on the way', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomPlaces(version, acts),
        fc.array(fc.tuple(fc.constantFrom('GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE'), randomTargets), {
          minLength: 6,
          maxLength: 6,
        }),
        async (places, requests) => {
          const [bare, short] = [build(express, places), build(express, places)];
          for (const [method, url] of requests) {
            for (const router of short.routers()) shortenWalks(router, 0);
            expect(await walk(short.app, method, url), `${method} ${url}`).toEqual(await walk(bare.app, method, url));
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
