import { type IncomingMessage, METHODS as NODES_METHODS, type ServerResponse } from 'node:http';
import type { Handler, Next } from '../context.ts';

/**
 * The parts of Express that Bulwark relies on, and nothing else does: Express 4.21+ and 5 side by side.
 *
 * Both keep a router with a stack of layers; a layer holds a handler, a nested router, a mounted app, or a route.
 * They differ in names (`_router`/`router`, `handle_request`/`handleRequest`) and in what `match` returns.
 */
export interface ExpressApp {
  (req: IncomingMessage, res: ServerResponse, next?: Next): unknown;
  handle(req: IncomingMessage, res: ServerResponse, next?: Next): void;
  set(name: string, value: unknown): unknown;
  get(name: string): unknown;
  on(event: string, listener: (...args: never[]) => void): unknown;
  readonly request: object;
  readonly response: object;
  readonly locals: object;
  /** View engines by extension; a mounted app inherits those of the app above it. */
  readonly engines: Record<string, unknown>;
}

/** A router of either version. */
export interface Router {
  (req: IncomingMessage, res: ServerResponse, next: Next): void;
  readonly stack: readonly Layer[];
  readonly params?: Record<string, ((...args: unknown[]) => unknown)[]>;
}

/** One entry of a router's stack. */
export interface Layer {
  handle: Handler & { length: number };
  readonly route?: Route;
  readonly name: string;
  /** Express 5, from router 2.3: the path as written. */
  readonly rawPath?: unknown;
  /** Express 5: it stands on every path, which is then not looked at. */
  readonly slash?: boolean;
  /** Express 4: the compiled path; with a mark where it stands on every path and is not asked. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean };
  readonly keys?: readonly { name: string | number }[];
  /** Express 4 and the first routers of 5 leave the matched part here. */
  readonly path?: string;
  readonly method?: string;
  /** Express 4 and early 5: true, and `path` is set; later 5: an object with `path`. */
  match(path: string): boolean | { readonly path: string };
}

/** A route: a path and its handlers by method. */
export interface Route {
  readonly path: unknown;
  readonly stack: readonly Layer[];
  readonly methods: Readonly<Record<string, boolean>>;
}

const METHODS = NODES_METHODS.map((method) => method.toLowerCase());

/** True for an Express application of a version that Bulwark knows. */
export function isExpressApp(value: unknown): value is ExpressApp {
  if (typeof value !== 'function') return false;
  const app = value as unknown as Partial<ExpressApp>;
  return (
    typeof app.handle === 'function' &&
    typeof app.set === 'function' &&
    typeof app.request === 'object' &&
    typeof app.response === 'object'
  );
}

/** True for Express 4: its `app.router` is a getter that throws, its router is made by `lazyrouter`. */
export function isExpress4(app: ExpressApp): boolean {
  return typeof (app as { lazyrouter?: unknown }).lazyrouter === 'function';
}

/**
 * The app's router, once there is one. Reading Express 5's makes it, and freezes the app's routing settings: call this
 * only when the app is sealed.
 */
export function routerOf(app: ExpressApp): Router | undefined {
  return isExpress4(app) ? (app as { _router?: Router })._router : (app as { router?: Router }).router;
}

/** Whether a layer holds an app that has nothing in it yet: Express 4 makes its router when the first route comes. */
export function isEmptyApp(layer: Layer): boolean {
  return layer.name === 'mounted_app' && mountedApp(layer) === undefined;
}

/** The nested router that a layer holds, if it holds one. */
export function nestedRouter(layer: Layer): Router | undefined {
  const handle = layer.handle as Partial<Router>;
  return Array.isArray(handle.stack) ? (handle as Router) : undefined;
}

/**
 * The app that a layer mounts. Express hides it in a closure, so the layer is shown a request whose prototype is being
 * watched: the first thing that an app does to a request is to give it its own prototype, which names the app.
 * No handler of the app runs.
 */
export function mountedApp(layer: Layer): ExpressApp | undefined {
  // `router.use(app)` keeps the app itself, `app.use(app)` a closure.
  if (isExpressApp(layer.handle)) return layer.handle;
  if (layer.name !== 'mounted_app') return undefined;
  let found: ExpressApp | undefined;
  const seen = new Error('seen');
  const target = {
    method: 'GET',
    url: '/',
    originalUrl: '/',
    query: {},
    headers: {},
    app: { request: {}, response: {} },
  };
  const watched = new Proxy<object>(target, {
    setPrototypeOf(_, prototype: { app?: ExpressApp } | null) {
      if (found !== undefined) return true;
      found = prototype?.app;
      throw seen;
    },
    get(object, key, receiver) {
      // Express 4 meets its own prototype step inside the router, which would go on to the app's error handlers.
      if (found !== undefined && key === 'url') throw seen;
      return Reflect.get(object, key, receiver) as unknown;
    },
  });
  const response = { setHeader: () => undefined, locals: {} };
  try {
    layer.handle(watched as IncomingMessage, response as unknown as ServerResponse, () => undefined);
  } catch (error) {
    if (error !== seen) throw error;
  }
  return found;
}

/**
 * How many of a stack's first layers are Express 4's own, which answer nothing: an app begins with two. Where a bundler has
 * renamed them they count as middleware of the app's, which is the stricter way.
 */
export function ownSteps(stack: readonly Layer[]): number {
  const [query, init] = stack;
  return query?.regexp !== undefined && query.name === 'query' && init?.name === 'expressInit' ? 2 : 0;
}

/** The part of the path that a layer matches, or undefined. Throws as Express does on malformed percent-encoding. */
export function matchedPath(layer: Layer, path: string): string | undefined {
  const match = layer.match(path);
  if (match === false) return undefined;
  return typeof match === 'object' ? match.path : (layer.path ?? '');
}

/** Whether a route answers a method; HEAD is answered by GET, as in Express. */
export function handlesMethod(route: Route, method: string): boolean {
  const name = method.toLowerCase();
  return Boolean(route.methods._all || route.methods[name] || (name === 'head' && route.methods.get));
}

/** The methods that a route names, in upper case; `*` for `.all()`, which `app.all()` writes out one by one. */
export function methodsOf(route: Route): string[] {
  if (METHODS.every((method) => route.methods[method])) return ['*'];
  return Object.keys(route.methods).map((method) => (method === '_all' ? '*' : method.toUpperCase()));
}

/** The path of a layer as its author wrote it, as far as Express kept it. */
export function pathOf(layer: Layer): string {
  if (layer.rawPath !== undefined) return describePath(layer.rawPath);
  if (layer.regexp === undefined) return '';
  return unwriteRegexp(layer.regexp, layer.keys ?? []);
}

/** A path, a regular expression, or a list of them as text. */
export function describePath(path: unknown): string {
  if (Array.isArray(path)) return path.map(describePath).join(' | ');
  return path instanceof RegExp ? String(path) : String(path);
}

/** Express 4 keeps only the expression that it made of a mount path; plain ones can be read back. */
function unwriteRegexp(regexp: NonNullable<Layer['regexp']>, keys: readonly { name: string | number }[]): string {
  if (regexp.fast_slash) return '/';
  let index = 0;
  const source = regexp.source
    .replace(/\(\?:\\?\/\(\[\^\\?\/\]\+\?\)\)/g, () => `/:${String(keys[index++]?.name)}`)
    .replace(/^\^/, '')
    .replace(/\\\/\?\(\?=\\\/\|\$\)$/, '')
    .replace(/\\([/.])/g, '$1');
  return /^[\w/:.-]*$/.test(source) ? source : String(regexp);
}
