import type { IncomingMessage, ServerResponse } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXPRESS_ALL, type Express, send, serve } from '../../test/support/http.ts';
import type { Next } from '../context.ts';
import { type DecisionHandler, decide, decisionOf } from '../decisions.ts';
import type { ExpressApp } from './internals.ts';
import { RouteTable } from './route-table.ts';

const mark = (summary: string): DecisionHandler => decide({ practice: 'access', kind: 'setting', summary });

type Routing = Pick<ReturnType<Express>, 'use' | 'get' | 'post' | 'all' | 'route' | 'put'>;

function tableOf(app: unknown): RouteTable {
  return new RouteTable(app as ExpressApp);
}

function summaries(app: unknown, method: string, url: string): string[] {
  return (
    tableOf(app)
      .find(method, url)
      ?.decisions.map((decision) => decision.summary) ?? []
  );
}

describe.each(EXPRESS_ALL)('the look-up on Express %s', (version, express) => {
  const end = (_req: IncomingMessage, res: ServerResponse): void => void res.end('ok');

  it('finds a route in nested routers, mounted apps, lists of paths, expressions, all() and route()', () => {
    const app = express();
    const router = express.Router();
    const inner = express.Router();
    const mounted = express();
    inner.get('/:id', mark('inner'), end);
    router.use('/deep', inner);
    router.use(mark('router'));
    router.get('/plain', mark('plain'), end);
    mounted.post('/hook', mark('hook'), end);
    app.use('/r', router);
    app.use('/m', mounted);
    app.get(['/a', '/b'], mark('list'), end);
    app.get(/^\/x\d+$/, mark('expression'), end);
    app.all('/all', mark('all'), end);
    app.route('/route').get(mark('get'), end).put(mark('put'), end);

    expect(summaries(app, 'GET', '/r/deep/7?q=1')).toEqual(['inner']);
    expect(summaries(app, 'GET', '/r/plain')).toEqual(['router', 'plain']);
    expect(summaries(app, 'POST', '/m/hook')).toEqual(['hook']);
    expect(summaries(app, 'GET', '/m/hook')).toEqual([]);
    expect(summaries(app, 'GET', '/b')).toEqual(['list']);
    expect(summaries(app, 'GET', '/x42')).toEqual(['expression']);
    expect(summaries(app, 'DELETE', '/all')).toEqual(['all']);
    expect(summaries(app, 'PUT', '/route')).toEqual(['put']);
    expect(summaries(app, 'HEAD', '/route')).toEqual(['get']);
  });

  it('knows routes that were added after it had compiled a stack', () => {
    const app = express();
    app.get('/first', mark('first'), end);
    const table = tableOf(app);
    expect(table.find('GET', '/second')?.layer).toBeUndefined();
    app.get('/second', mark('second'), end);
    expect(table.find('GET', '/second')?.decisions.map(({ summary }) => summary)).toEqual(['second']);
  });

  it('says which methods a path answers, and lists every route as it was written', () => {
    const app = express();
    const router = express.Router();
    router.get('/notes/:id', end);
    router.delete('/notes/:id', mark('delete'), end);
    app.use('/api', mark('api'), router);
    const table = tableOf(app);
    expect(table.allowedMethods('/api/notes/1')).toEqual(['DELETE', 'GET', 'HEAD']);
    expect(table.allowedMethods('/nowhere')).toEqual([]);
    expect(
      table.rows().map(({ method, path, decisions }) => [method, path, decisions.map(({ summary }) => summary)]),
    ).toEqual([
      ['GET', '/api/notes/:id', ['api']],
      ['DELETE', '/api/notes/:id', ['api', 'delete']],
    ]);
  });

  it('runs no handler of a mounted app to look into it', () => {
    const app = express();
    const mounted = express();
    let ran = 0;
    mounted.use((_req, _res, next) => {
      ran++;
      next();
    });
    mounted.use((_error: unknown, _req: unknown, _res: unknown, next: Next) => {
      ran++;
      next();
    });
    mounted.get('/', mark('root'), end);
    app.use('/m', mounted);
    expect(summaries(app, 'GET', '/m')).toEqual(['root']);
    expect(ran).toBe(0);
  });

  it('treats malformed percent-encoding as a path that no route has', () => {
    const app = express();
    app.get('/:id', mark('id'), end);
    expect(summaries(app, 'GET', '/%ff')).toEqual([]);
  });

  // Routers of random shape: what the look-up foresees is what the router enters first.
  it('never disagrees with the router', async () => {
    const segments = ['a', 'b', 'A', ':p', 'a.b'];
    const path = fc.array(fc.constantFrom(...segments), { maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
    const paths = fc.oneof(
      path,
      fc.tuple(path, path).map(([a, b]) => [a, b]),
      fc.constantFrom(/^\/a/, /b\/?$/),
    );
    const method = fc.constantFrom('get', 'post', 'all');
    const leaf = fc.record({ kind: fc.constant('route' as const), method, path: paths });
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small', maxDepth: 2 },
        leaf,
        fc.record({
          kind: fc.constantFrom('router' as const, 'app' as const),
          path,
          strict: fc.boolean(),
          caseSensitive: fc.boolean(),
          children: fc.array(tie('node'), { maxLength: 4 }),
        }),
      ),
    })).node as fc.Arbitrary<Spec>;
    const url = fc
      .tuple(
        fc.array(fc.constantFrom('a', 'b', 'A', 'c', 'a.b', '%61', ''), { maxLength: 4 }),
        fc.constantFrom('', '/', '?x=/a'),
      )
      .map(([parts, tail]) => `/${parts.join('/')}${tail}`);

    let entered: string | undefined;
    let foreseen: (string | undefined)[] = [];
    let seen: (string | undefined)[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.array(tree, { minLength: 1, maxLength: 5 }),
        fc.array(fc.tuple(fc.constantFrom('GET', 'POST', 'HEAD', 'PUT'), url), { minLength: 5, maxLength: 5 }),
        async (specs, requests) => {
          const app = express();
          const counter = { next: 0 };
          build(app, specs, express, counter, (name) => (entered ??= name));
          const table = tableOf(app);
          const served = await serve(app);
          try {
            foreseen = [];
            seen = [];
            for (const [verb, target] of requests) {
              entered = undefined;
              foreseen.push(table.find(verb, target)?.decisions.at(-1)?.summary);
              await send(served.url, { method: verb, target });
              seen.push(entered);
            }
          } finally {
            await served.close();
          }
          expect(foreseen, `${version} ${JSON.stringify(specs)} ${JSON.stringify(requests)}`).toEqual(seen);
        },
      ),
      { numRuns: 120 },
    );
  });
});

type Spec =
  | { kind: 'route'; method: 'get' | 'post' | 'all'; path: string | string[] | RegExp }
  | { kind: 'router' | 'app'; path: string; strict: boolean; caseSensitive: boolean; children: Spec[] };

/** Builds what a spec says; each route carries a decision with its own name and answers with it. */
function build(
  target: Routing,
  specs: Spec[],
  express: Express,
  counter: { next: number },
  onEnter: (name: string) => void,
): void {
  for (const spec of specs) {
    if (spec.kind === 'route') {
      const name = `r${counter.next++}`;
      const handler = (_req: IncomingMessage, res: ServerResponse): void => {
        onEnter(name);
        res.end(name);
      };
      target[spec.method](spec.path as string, mark(name), handler);
      continue;
    }
    if (spec.kind === 'router') {
      const router = express.Router({ strict: spec.strict, caseSensitive: spec.caseSensitive });
      build(router as unknown as Routing, spec.children, express, counter, onEnter);
      target.use(spec.path, router);
    } else {
      const mounted = express();
      mounted.set('strict routing', spec.strict);
      mounted.set('case sensitive routing', spec.caseSensitive);
      build(mounted, spec.children, express, counter, onEnter);
      target.use(spec.path, mounted);
    }
  }
}

describe('decisions', () => {
  it('are found on the handlers that carry them, and only there', () => {
    expect(decisionOf(mark('x'))?.summary).toBe('x');
    expect(decisionOf(() => undefined)).toBeUndefined();
    expect(decisionOf(null)).toBeUndefined();
  });
});
