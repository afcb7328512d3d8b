import type { Server } from 'node:http';
import { ALONE, type Services } from '../../context.ts';
import { connectionsPerClient, guardConnections } from './connections.ts';
import { type LimitsOptions, type ResolvedLimitsOptions, resolveLimits } from './options.ts';

/** What `http.createServer` and `https.createServer` are given. Times in milliseconds, sizes in bytes. */
export interface LimitedServerOptions {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly connectionsCheckingInterval: number;
  readonly maxHeaderSize: number;
  readonly maxRequestsPerSocket: number;
  readonly requireHostHeader: true;
  readonly insecureHTTPParser: false;
}

/**
 * The options with which a server is to be made. What only a server that exists can be told, {@link applyToServer} tells.
 *
 * @throws ConfigError for options that it cannot have
 * @example
 * const server = applyToServer(createServer(serverOptions(), app))
 * server.listen(8080)
 */
export function serverOptions(options: LimitsOptions = {}): LimitedServerOptions {
  const limits = resolveLimits(options);
  return {
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionsCheckingInterval: limits.connectionsCheckingInterval,
    maxHeaderSize: limits.maxHeaderSize,
    maxRequestsPerSocket: limits.maxRequestsPerSocket,
    requireHostHeader: true,
    insecureHTTPParser: false,
  };
}

/**
 * Puts the limits on a server, whoever made it: best before it listens, for then every one of them holds.
 *
 * A limit that is already stricter stays. One that is Node's own default counts as not chosen.
 *
 * @param server - of `node:http` or `node:https`
 * @returns the same server
 * @throws ConfigError for options that it cannot have
 * @example applyToServer(http.createServer(app)).listen(8080)
 */
export function applyToServer<S extends object>(server: S, options: LimitsOptions = {}, services: Services = ALONE): S {
  harden(server, resolveLimits(options), services);
  (server as LimitedServer).requireHostHeader = true;
  return server;
}

/** {@link applyToServer} for a server of a gate, whose requests all pass the middleware. */
export function applyInGate(server: object, options: LimitsOptions, services: Services, reportOnly: boolean): void {
  const limits = resolveLimits(options);
  harden(server, limits, services, reportOnly);
  // Node would answer by itself, and nobody would hear of it; the first step refuses the same, with a line in the log.
  if (!reportOnly) (server as LimitedServer).requireHostHeader = false;
  noteHandler(server, limits);
}

/** The properties of a server that are read while it runs, beyond those that the types name. */
type LimitedServer = Pick<
  Server,
  | 'headersTimeout'
  | 'requestTimeout'
  | 'keepAliveTimeout'
  | 'timeout'
  | 'maxHeadersCount'
  | 'maxConnections'
  | 'listening'
> & {
  maxRequestsPerSocket: number | null;
  maxHeaderSize?: number | undefined;
  connectionsCheckingInterval?: number | undefined;
  insecureHTTPParser?: boolean | undefined;
  requireHostHeader?: boolean | undefined;
};

/** Node's defaults: a value that nobody chose may be raised as well as lowered. */
const NODE_DEFAULTS = {
  headersTimeout: 60_000,
  requestTimeout: 300_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 30_000,
} as const;

/** {@link applyToServer} with limits that were read already; `reportOnly` closes no connection of a client. */
export function harden(given: object, limits: ResolvedLimitsOptions, services: Services, reportOnly = false): void {
  const server = given as LimitedServer;
  for (const name of ['headersTimeout', 'requestTimeout', 'keepAliveTimeout'] as const) {
    server[name] = stricter(server[name], limits[name], NODE_DEFAULTS[name]);
  }
  server.timeout = stricter(server.timeout, limits.socketTimeout);
  // One more than may come: not every line of Node refuses what is over it, and where it is dropped the middleware must see that it was there.
  server.maxHeadersCount = stricter(server.maxHeadersCount, limits.maxHeadersCount + 1);
  server.maxRequestsPerSocket = stricter(server.maxRequestsPerSocket, limits.maxRequestsPerSocket);
  server.maxConnections = stricter(server.maxConnections, limits.maxConnections);
  server.maxHeaderSize = stricter(server.maxHeaderSize, limits.maxHeaderSize);
  server.insecureHTTPParser = false;
  hardenInterval(server, limits.connectionsCheckingInterval, services);
  guardConnections(given, limits, services.emit, reportOnly);
}

/** What the practice does for the requests of a server, for the checks. */
export interface ServerFacts {
  /** Connections that one client may have; undefined where nobody counts them. */
  readonly maxConnectionsPerClient: number | undefined;
  /** Milliseconds that a handler has; undefined where nobody holds it to a time. */
  readonly handlerTimeout: number | undefined;
  /** Load is shed under pressure. */
  readonly shedsLoad: boolean;
}

type HandlerFacts = Omit<ServerFacts, 'maxConnectionsPerClient'>;

const handled = new WeakMap<object, HandlerFacts>();

/** Notes that the requests of a server pass the middleware with these limits. */
export function noteHandler(server: object, { handlerTimeout, pressure }: ResolvedLimitsOptions): void {
  handled.set(server, { handlerTimeout, shedsLoad: pressure !== false });
}

/** What is known of a server. */
export function serverFacts(server: object): ServerFacts {
  const { handlerTimeout, shedsLoad } = handled.get(server) ?? {};
  return {
    maxConnectionsPerClient: connectionsPerClient(server),
    handlerTimeout,
    shedsLoad: shedsLoad === true,
  };
}

/** Node starts the timer when the server begins to listen, and never looks at the setting again. */
function hardenInterval(server: LimitedServer, wanted: number, services: Services): void {
  const current = server.connectionsCheckingInterval;
  const interval = stricter(current, wanted, NODE_DEFAULTS.connectionsCheckingInterval);
  if (current === interval) return;
  if (!server.listening) {
    server.connectionsCheckingInterval = interval;
    return;
  }
  services.emit({
    event: 'sys_limits_incomplete',
    level: 'WARN',
    practice: 'limits',
    description:
      'this server was made elsewhere and listens already, so connectionsCheckingInterval cannot be set any more: slow requests are cut off late. Make it with createServer(serverOptions(), app), or call applyToServer(server) before it listens.',
    details: { connectionsCheckingInterval: current ?? NODE_DEFAULTS.connectionsCheckingInterval, wanted },
  });
}

/** 0, null and undefined are Node's ways to say "no limit". */
function stricter(current: number | null | undefined, wanted: number, nodeDefault?: number): number {
  const chosen = typeof current === 'number' && current > 0 && current !== nodeDefault;
  return chosen ? Math.min(current, wanted) : wanted;
}
