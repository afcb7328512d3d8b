import fc from 'fast-check';
import type { Express } from './http.ts';

/** What stands at one place of a random app. */
export type RandomPlace = RandomRoute | RandomHandler | RandomRouter;

/** A route. */
export interface RandomRoute {
  readonly kind: 'route';
  readonly method: 'get' | 'post' | 'all';
  readonly path: RandomPath;
}

/** A decision, a middleware, or an error handler. */
export interface RandomHandler {
  readonly kind: 'decision' | 'middleware' | 'failure';
  readonly path: RandomPath;
  readonly act: RandomAct;
}

/** A router or a mounted app. */
export interface RandomRouter {
  readonly kind: 'router' | 'app';
  readonly path: RandomPath;
  readonly strict: boolean;
  readonly caseSensitive: boolean;
  readonly mergeParams: boolean;
  readonly children: readonly RandomPlace[];
}

/** A path as Express takes it; null where the place has none. */
export type RandomPath = string | RegExp | readonly (string | RegExp)[] | null;

/** `rewrite` gives the request another URL; `grow` adds a route at the end; the others are what may be said to `next`. */
export type RandomAct =
  | { readonly kind: 'pass' | 'later' | 'answer' | 'fail' | 'route' | 'router' | 'grow' }
  | { readonly kind: 'rewrite'; readonly url: string };

/** Whether an Express is of version 4. */
function isFour(version: string): boolean {
  return version.startsWith('4');
}

const SEGMENTS = ['a', 'b', 'A', 'ab', 'a.b', 'a-b', '%61', 'é', ':x', ':y', 'a:x', '', 'Kk', 'x_1~'];
const SEGMENTS_4 = [
  '*',
  'a*',
  'a?',
  'ab?c',
  ':x?',
  ':x(\\d+)',
  ':x*',
  '?b',
  '(a|b)',
  '(a)?',
  ':x.:z',
  'a+',
  'a|',
  'a|/b',
  '[ab]',
  'a\\.b',
  'a{2}',
];
const SEGMENTS_5 = [
  '*s',
  'a*s',
  '{a}',
  '{:x}',
  'a{b}',
  'a{:x}',
  ':x{.:z}',
  'a\\:b',
  ':"x y"',
  'a{/b}',
  'a{/:x}',
  'a{/b{/:x}}',
  'a{/*s}',
  '{/a}',
];
const EXPRESSIONS = [
  /^\/a/,
  /b\/?$/,
  /^\/A\/b$/i,
  /^\/(a|b)/,
  /^\/a|^\/b\/a/,
  /^\/a\/?$/,
  /^\/a\/?(?=\/|$)/,
  /^\/ab?\/x/,
  /a/g,
  /^\/\x61/,
  /^\/k/iu,
  /^\/[ab]\/b/,
  /^\/a\/+b/,
  /^\/a\.b$/,
  /^\/a$|$/,
  /^/,
  /\/(?<n>a)/,
  /^\/a\/?b/,
  /^\/k$/iu,
  /^\/b$/m,
  /^\/a\/b$/y,
];

/** Paths in every syntax of a version of Express, many of them written in a way that no one would. */
function randomPaths(version: string): fc.Arbitrary<RandomPath> {
  const segment = fc.constantFrom(...SEGMENTS, ...SEGMENTS, ...(isFour(version) ? SEGMENTS_4 : SEGMENTS_5));
  const written = fc
    .tuple(
      fc.constantFrom('/', '/', '/', '/', '', '//'),
      fc.array(segment, { maxLength: 3 }),
      fc.constantFrom('', '', '', '/', '//'),
    )
    .map(([before, segments, after]) => before + segments.join('/') + after);
  const single = fc.oneof({ weight: 8, arbitrary: written }, { weight: 1, arbitrary: fc.constantFrom(...EXPRESSIONS) });
  return fc.oneof(
    { weight: 8, arbitrary: single },
    { weight: 1, arbitrary: fc.array(single, { minLength: 1, maxLength: 3 }) },
  );
}

/** Request targets, hostile spellings among them; the last ones only middleware can write. */
export const randomTargets: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(
        fc.constantFrom('/', '/', '/', '/', '/', '//', '/./', ''),
        fc.array(
          fc.constantFrom(
            'a',
            'a',
            'b',
            'A',
            'B',
            'ab',
            'aB',
            'a.b',
            'a-b',
            'aab',
            '%61',
            '%41',
            'a%2Fb',
            '%ff',
            '%C3%A9',
            'é',
            '7',
            '.',
            '..',
            '',
            'a:b',
            'ax',
            'kk',
            'KK',
            'Kk',
            '\u212a',
            '\u017f',
            'x_1~',
            'X_1~',
            'a;p=1',
            'ac',
            'abc',
            'a|',
          ),
          { maxLength: 4 },
        ),
        fc.constantFrom('', '', '', '/', '//', '?x=/a', '/?', '#a', '\\b'),
      )
      .map(([before, segments, after]) => before + segments.join('/') + after),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('http://h/a/b', 'http://h', '*', '', '?x', '/a b', 'a/b', '///', '/a\u00a0'),
  },
);

/** Apps of random shape. */
export function randomPlaces(version: string, acts: fc.Arbitrary<RandomAct>): fc.Arbitrary<RandomPlace[]> {
  const path = randomPaths(version);
  const places = fc.letrec<{ place: RandomPlace }>((tie) => ({
    place: fc.oneof(
      { depthSize: 'small', maxDepth: 2 },
      fc.record({
        kind: fc.constant('route' as const),
        method: fc.constantFrom('get' as const, 'get' as const, 'post' as const, 'all' as const),
        path,
      }),
      fc.record({
        kind: fc.constantFrom('decision' as const, 'middleware' as const, 'middleware' as const, 'failure' as const),
        path: fc.oneof(path, fc.constant(null)),
        act: acts,
      }),
      fc.record({
        kind: fc.constantFrom('router' as const, 'app' as const),
        path: fc.oneof(path, fc.constant(null)),
        strict: fc.boolean(),
        caseSensitive: fc.boolean(),
        mergeParams: fc.boolean(),
        children: fc.array(tie('place'), { maxLength: 4 }),
      }),
    ),
  })).place;
  return fc.array(places, { minLength: 1, maxLength: 8 });
}

/** An app or a router. */
export type Routing = Record<'use' | 'get' | 'post' | 'all', (...args: unknown[]) => unknown> & { param?: unknown };

/** How the handlers of an app are made. */
export interface Makers {
  /** @param name - of the place, unique in the app */
  route(name: string): unknown[];
  handler(name: string, place: RandomHandler, target: Routing): unknown;
  /** Told of each router and app, the root first, before anything stands in it. */
  router?(router: Routing): void;
}

/** Builds an app; places whose path this version refuses are left out. */
export function buildPlaces(
  target: unknown,
  places: readonly RandomPlace[],
  express: Express,
  makers: Makers,
  counter = { next: 0 },
): void {
  const routing = target as Routing;
  makers.router?.(routing);
  for (const place of places) {
    const name = `${place.kind}${counter.next++}`;
    const path = place.path === null ? [] : [copied(place.path)];
    if (place.kind === 'route') {
      leaveOutRefused(() => routing[place.method](...path, ...makers.route(name)));
    } else if ('children' in place) {
      const { strict, caseSensitive, mergeParams } = place;
      const nested = place.kind === 'router' ? express.Router({ strict, caseSensitive, mergeParams }) : express();
      if (place.kind === 'app') {
        (nested as ReturnType<Express>).set('strict routing', strict).set('case sensitive routing', caseSensitive);
      }
      buildPlaces(nested, place.children, express, makers, counter);
      leaveOutRefused(() => routing.use(...path, nested));
    } else {
      leaveOutRefused(() => routing.use(...path, makers.handler(name, place, routing)));
    }
  }
}

/** An expression may remember where it was: no two apps share one. */
function copied(path: Exclude<RandomPath, null>): unknown {
  if (path instanceof RegExp) return new RegExp(path);
  return typeof path === 'string' ? path : path.map(copied);
}

function leaveOutRefused(add: () => unknown): void {
  try {
    add();
  } catch (error) {
    // Of path-to-regexp; `new RegExp` throws the other one.
    if (!(error instanceof TypeError) && !(error instanceof SyntaxError)) throw error;
  }
}
