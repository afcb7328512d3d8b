import type { IncomingMessage, ServerResponse } from 'node:http';
import { buildPractices, type Practices } from './build.ts';
import { type Coalescer, coalesce } from './coalesce.ts';
import { contextOf, type GateServices, type Handler, type Next, type RequestContext } from './context.ts';
import { areSameSettings } from './decisions.ts';
import { ConfigError, Refusal } from './errors.ts';
import { COALESCED, SecurityEvents } from './events.ts';
import { acceptApp, acceptMounted, foreignTrust, markSecured } from './express/accept-app.ts';
import { installAnswers } from './express/answers.ts';
import { routeDecisions } from './express/compiled-router.ts';
import { type ExpressApp, isExpress4, type Layer, routerOf } from './express/internals.ts';
import { hookLayers, hookParams } from './express/layer-hooks.ts';
import { messageClasses } from './express/messages.ts';
import { pathnameOf, pathnameOfRequest } from './express/path-match.ts';
import { installRedirects } from './express/redirects.ts';
import { installClient } from './express/request-client.ts';
import {
  addLocals,
  createResponseGate,
  installHeaderReaders,
  installNonce,
  installResponseGate,
} from './express/response-gate.ts';
import { RouteTable } from './express/route-table.ts';
import { shortenWalks } from './express/short-walk.ts';
import { installViewEngine, refuseViewOptions } from './express/view-engine.ts';
import { isPreflight } from './fetch-metadata.ts';
import type { Gate } from './gate.ts';
import { GateStores } from './gate-stores.ts';
import { Introspection } from './introspection.ts';
import { Listeners } from './listeners.ts';
import type { PracticeId } from './pipeline.ts';
import { type Policy, type ResolvedPolicy, readPolicy } from './policy.ts';
import { trustProxyFunction } from './practices/client/index.ts';
import { isInstance } from './practices/errors/read-error.ts';
import type { RedirectGuard } from './practices/input/redirect/redirect.ts';
import { SILENT } from './practices/logging/app-logger.ts';
import { refusalEvent } from './refusal-event.ts';
import { compile, isLifted, run, type Step } from './run.ts';

/**
 * Puts every protection around an Express app, in the right order, in front of its router and behind it.
 *
 * Routes and middleware may be added before and after; nothing can be mounted outside.
 *
 * @param app - an Express 4.21+ or 5 application that has not answered a request yet
 * @param policy - `origins` is the one thing that cannot be guessed
 * @throws ConfigError for a policy with unknown keys, unusable values or contradictions, and when called twice
 * @example
 * const app = express()
 * const gate = secure(app, { origins: ['https://shop.example'] })
 * app.get('/', (req, res) => { res.send('hello') })
 * await gate.listen()
 */
export function secure(app: unknown, policy: Policy): Gate {
  const target = acceptApp(app);
  const read = readPolicy(policy);
  const events = new SecurityEvents();
  const stores = new GateStores(read, events.emit);
  const practices = buildPractices(read, { emit: events.emit, mode: read.mode, ...stores.services });
  if (practices.logging !== undefined) events.on('*', practices.logging.logEvent);

  const runtime = new GateRuntime(target, read, events, practices, stores);
  markSecured(target);
  runtime.install();
  return runtime.gate;
}

class GateRuntime implements GateServices {
  readonly gate: Gate;
  readonly #app: ExpressApp;
  readonly #policy: ResolvedPolicy;
  readonly #events: SecurityEvents;
  readonly #practices: Practices;
  readonly #stores: GateStores;
  readonly #steps: readonly Step[];
  readonly #table: RouteTable;
  readonly #writeHead: ServerResponse['writeHead'];
  readonly #trust: ReturnType<typeof trustProxyFunction>;
  readonly #adopted = new WeakSet<ExpressApp>();
  /** The mounted app that was entered last. */
  #lastApp: ExpressApp | undefined;
  readonly #listeners: Listeners;
  readonly #introspection: Introspection;
  readonly #excess: Coalescer;
  #sealed = false;

  constructor(
    app: ExpressApp,
    policy: ResolvedPolicy,
    events: SecurityEvents,
    practices: Practices,
    stores: GateStores,
  ) {
    this.#app = app;
    this.#policy = policy;
    this.#events = events;
    this.#excess = coalesce(events.emit);
    this.#practices = practices;
    this.#stores = stores;
    const { logging } = practices;
    this.#writeHead = createResponseGate(practices.hooks);
    this.#trust = trustProxyFunction(policy.proxy);
    this.#table = new RouteTable(app, {
      router: (router) => {
        if (isExpress4(app)) hookParams(router);
        for (const layer of router.stack) hookLayers(layer);
        shortenWalks(router);
      },
      app: (mounted) => this.#adopt(mounted),
    });
    const handlers = { ...practices.handlers, route: this.#lookUp, endpoints: this.#endpoints };
    this.#steps = compile(handlers);
    const handler: Gate['handler'] = (req, res) => void app(req, res);
    this.#listeners = new Listeners(handler, messageClasses(app), policy, {
      emit: events.emit,
      mode: policy.mode,
      ...(logging === undefined ? {} : { onUnread: logging.logUnread }),
    });
    const introspection = new Introspection({
      policy,
      table: this.#table,
      handler,
      secrets: practices.secrets,
      tokens: practices.tokens?.facts,
      passwords: () => practices.passwords?.report(),
      sessions: practices.sessions?.report,
      listening: () => this.#listeners.first,
    });
    this.#introspection = introspection;
    this.gate = {
      handler,
      policy,
      log: logging?.log ?? SILENT,
      get passwords() {
        return inPolicy(practices.passwords, 'passwords');
      },
      get sessions() {
        return inPolicy(practices.sessions?.manager, 'sessions');
      },
      get tokens() {
        return inPolicy(practices.tokens?.service, 'tokens');
      },
      listen: async (options = {}) => {
        this.#seal();
        await stores.start();
        return this.#listeners.open(options, async () => logging?.flush());
      },
      on: (event, listener) => events.on(event, listener),
      coverage: () => introspection.coverage(),
      selfTest: async () => {
        this.#seal();
        return introspection.selfTest();
      },
      close: () => this.#close(),
    };
  }

  /** Puts the gate around `app.handle`: where every server, test tool and parent app enters. */
  install(): void {
    const app = this.#app;
    const handle = app.handle;
    app.handle = (req, res, next) => {
      // An app may hand a request to itself again (`app.handle(req, res)`); it has been judged.
      if (contextOf(req).gate === this) handle.call(app, req, res, next);
      else this.#enter(req, res, handle);
    };
    app.set('x-powered-by', false);
    app.set('trust proxy', this.#trust);
    installClient(app);
    installNonce(app);
    installHeaderReaders(app);
    installAnswers(app);
    this.#installViewEngine(app);
    const { redirects } = this.#practices;
    if (redirects !== undefined) this.#guardRedirects(redirects);
  }

  /** On the app's own `response`, which the responses of mounted apps inherit from too. */
  #guardRedirects({ judge, letPass }: RedirectGuard): void {
    const { response } = this.#app;
    installRedirects(response, Object.getPrototypeOf(response) as object, (req, res, target) => {
      const refusal = judge(req, target);
      if (refusal === undefined) return false;
      if (this.onlyReports(req, 'input', refusal)) {
        letPass(res);
        return false;
      }
      this.#finish(req, res, refusal);
      return true;
    });
  }

  /** A mounted app's requests and responses are those of this one: its guards are found on them. */
  #adopt(mounted: ExpressApp): void {
    acceptMounted(mounted, this.#app);
    this.#installViewEngine(mounted);
    this.#adopted.add(mounted);
  }

  /** The app whose layer is entered may be one that no look-up finds: a closure called it, as `vhost` and the like do. */
  enterApp(req: IncomingMessage): void {
    const { app } = req as { app?: ExpressApp };
    if (app === this.#app || app === this.#lastApp || app === undefined) return;
    if (!this.#adopted.has(app)) this.#adopt(app);
    this.#lastApp = app;
  }

  #installViewEngine(app: ExpressApp): void {
    const { viewEngine } = this.#practices;
    if (viewEngine !== undefined) installViewEngine(app, viewEngine);
  }

  #enter(req: IncomingMessage, res: ServerResponse, handle: ExpressApp['handle']): void {
    const context = contextOf(req);
    context.gate = this;
    context.url = req.url ?? '/';
    context.selfTest = this.#introspection.isProbe(req);
    // Express does this too, later; the gate's own answers need the response gate as well.
    const { request, response } = this.#app;
    if (Object.getPrototypeOf(req) !== request) Object.setPrototypeOf(req, request);
    if (Object.getPrototypeOf(res) !== response) Object.setPrototypeOf(res, response);
    installResponseGate(res, this.#writeHead);
    addLocals(res);
    try {
      this.#seal();
    } catch (error) {
      return this.#finish(req, res, error);
    }
    run(this.#steps, req, res, this, (error) => {
      // Answered with 503 while its body was still coming: nothing of the app runs for it, and it fails no second time.
      if (context.inFlight?.timedOut) return;
      if (error !== undefined) this.#finish(req, res, error);
      else this.#handle(req, res, handle);
    });
  }

  #handle(req: IncomingMessage, res: ServerResponse, handle: ExpressApp['handle']): void {
    if (this.#practices.errors === undefined) {
      handle.call(this.#app, req, res);
      return;
    }
    try {
      handle.call(this.#app, req, res, (error) => this.#finish(req, res, error ?? this.#notFound(req)));
    } catch (error) {
      this.#finish(req, res, error);
    }
  }

  /** Everything that does not end in a handler's own answer ends here. */
  #finish(req: IncomingMessage, res: ServerResponse, error: unknown): void {
    const refusal = isInstance(error, Refusal) ? error : undefined;
    if (refusal !== undefined) this.#report(req, refusal, false);
    const { errors } = this.#practices;
    if (errors !== undefined) return errors(error, req, res, () => undefined);
    // `errors` is off: the gate's own refusals still need an answer; Express's handler answers the rest.
    res.statusCode = refusal?.status ?? 500;
    for (const [name, value] of Object.entries(refusal?.headers ?? {})) res.setHeader(name, value);
    res.end(refusal?.code ?? 'ERR_INTERNAL');
  }

  mayBeStored(req: IncomingMessage): boolean {
    return this.#practices.mayBeStored(req);
  }

  readonly isExposed = (url: string): boolean => this.#table.isExposed(url);

  unserved(req: IncomingMessage): Refusal | undefined {
    const { route, url } = contextOf(req);
    return route !== undefined || this.#table.hasMiddleware(url) ? undefined : this.#notFound(req);
  }

  #notFound(req: IncomingMessage): Refusal {
    const allowed = this.#table.allowedMethods(contextOf(req).url);
    if (allowed.length === 0 || allowed.includes(req.method ?? '')) {
      return new Refusal('ERR_NOT_FOUND', { reason: 'nothing is served at this address' });
    }
    return new Refusal('ERR_METHOD_NOT_ALLOWED', {
      reason: `this address answers ${allowed.join(', ')}`,
      headers: { Allow: allowed.join(', ') },
    });
  }

  /** The gate's own addresses: the collector of violation reports, the keys of tokens, and the self-test's error. */
  readonly #endpoints: Handler = (req, res, next) => {
    const context = contextOf(req);
    const asked = context.selfTest ? this.#introspection.errorFor(context.url) : undefined;
    if (asked !== undefined) return next(asked);
    const { endpoints } = this.#practices;
    if (endpoints === undefined) next();
    else endpoints(req, res, next);
  };

  readonly #lookUp: Handler = (req, _res, next) => {
    const context = contextOf(req);
    // A preflight asks for another method: the decisions of that route count for CORS.
    const method = isPreflight(req) ? (req.headers['access-control-request-method'] ?? '') : (req.method ?? '');
    const path = req.url === context.url ? pathnameOfRequest(req) : pathnameOf(context.url);
    const match = this.#table.findPath(method, path);
    if (match !== undefined) {
      context.decisions = match.decisions;
      context.passed = match.passed;
      context.route = match.layer;
    }
    context.judgedMethod = method;
    next();
  };

  isForeseen(req: IncomingMessage, layer: Layer): boolean {
    const { route, judgedMethod, inFlight } = contextOf(req);
    return route === layer && req.method === judgedMethod && inFlight?.timedOut !== true;
  }

  /** The router enters another route than was foreseen. */
  enterRoute(req: IncomingMessage, res: ServerResponse, layer: Layer, next: Next): void {
    const context = contextOf(req);
    // Middleware of the app took so long that the client was answered: no route may begin to work for it.
    if (context.inFlight?.timedOut) return;
    const sameMethod = req.method === context.judgedMethod;
    const foreseen = this.#table.find(req.method ?? '', context.url, layer);
    const own = layer.route === undefined ? [] : routeDecisions(layer.route, req.method ?? '');
    const before = context.decisions;
    context.decisions = foreseen?.decisions ?? own;
    context.passed = foreseen?.passed ?? [];
    context.route = layer;
    context.judgedMethod = req.method ?? '';
    const sameSettings = areSameSettings(before, context.decisions);
    const again = this.#steps.filter((step) => this.#mustRunAgain(step, context, sameMethod, sameSettings));
    run(again, req, res, this, next);
  }

  /** What an exemption of another route has lifted, what looks at the method or a route's settings, and who may call. */
  #mustRunAgain(step: Step, context: RequestContext, sameMethod: boolean, sameSettings: boolean): boolean {
    if (step.id === 'access') return true;
    if (step.id === 'csrf' && !(sameMethod && sameSettings)) return true;
    if ((step.id === 'cors' || step.id === 'input') && !sameSettings) return true;
    const { exemptable } = step;
    return exemptable !== undefined && context.lifted?.includes(exemptable) === true && !isLifted(context, exemptable);
  }

  refuse(req: IncomingMessage, res: ServerResponse, error: unknown): void {
    this.#finish(req, res, error);
  }

  onlyReports(req: IncomingMessage, practice: PracticeId, error: unknown): boolean {
    if (!this.#policy.monitored.has(practice) || !isInstance(error, Refusal)) return false;
    this.#report(req, error, true);
    return true;
  }

  #report(req: IncomingMessage, refusal: Refusal, monitored: boolean): void {
    const event = refusalEvent(req, refusal, monitored);
    if (event === undefined) return;
    if (COALESCED.has(refusal.code)) this.#excess.add(event);
    else this.#events.emit(event);
  }

  /** The first request or `listen`: the app is whole, so what depends on all of it can be checked. */
  #seal(): void {
    if (this.#sealed) return;
    if (this.#app.get('trust proxy fn') !== this.#trust) throw foreignTrust();
    const { viewEngine } = this.#practices;
    if (viewEngine !== undefined) refuseViewOptions(this.#app, viewEngine);
    this.#table.seal();
    const router = routerOf(this.#app);
    if (router === undefined) return;
    this.#introspection.refuseUndecided();
    this.#sealed = true;
    for (const event of this.#practices.early) this.#events.emit(event);
  }

  async #close(): Promise<void> {
    await this.#listeners.close(async () => {
      this.#practices.close();
      await this.#stores.close();
      this.#excess.flush();
    });
    await this.#practices.logging?.flush();
  }
}

function inPolicy<T>(practice: T | undefined, key: string): T {
  if (practice !== undefined) return practice;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: key,
    message: `the policy has no ${key}`,
    fix: `add ${key} to the policy: secure(app, { origins, ${key}: {} })`,
  });
}
