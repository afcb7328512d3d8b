import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { CoverageRow } from './coverage.ts';
import type { EventName, SecurityEvent } from './events.ts';
import type { ResolvedPolicy } from './policy.ts';
import type { AppLogger } from './practices/logging/index.ts';
import type { Passwords } from './practices/passwords/index.ts';
import type { SessionManager } from './practices/sessions/index.ts';
import type { TokenService } from './practices/tokens/index.ts';
import type { SelfTestReport } from './self-test.ts';

/** Where `gate.listen()` listens. */
export interface GateListenOptions {
  /** TCP port of the app; 0 takes a free one. Default 8443 (8080 behind a proxy that ends TLS). */
  readonly port?: number;
  /** Address to bind to. Default: `127.0.0.1` in development and test, all addresses in production. */
  readonly host?: string;
  /** Port of a plain-HTTP listener that redirects pages to HTTPS and refuses API calls. Default: none. */
  readonly http?: number | false;
}

/** A listening app. */
export interface GateListening {
  /** Where a browser finds the app: `https://localhost:8443`. */
  readonly url: string;
  readonly port: number;
  /** The plain-HTTP listener's address, if there is one. */
  readonly httpUrl?: string;
  readonly server: Server;
  /** The PEM file of the local authority's own certificate, if one made the server's. */
  readonly ca?: string;
  /** How to make browsers trust it. */
  readonly trust?: string;
  /** Finishes the requests in flight, then closes. */
  close(): Promise<void>;
}

/** The gate that stands around an app: in front of its router, and behind it. */
export interface Gate {
  /** The secured app as a request listener, for a server of your own: `http.createServer(gate.handler)`. */
  readonly handler: (req: IncomingMessage, res: ServerResponse) => void;
  /** The policy as it was read. */
  readonly policy: ResolvedPolicy;
  /**
   * A log for the app outside of requests, redacted as `req.log` is inside of them; silent where `logging` is off.
   *
   * @example gate.log.info({ shard: 3 }, 'index rebuilt')
   */
  readonly log: AppLogger;
  /**
   * Hashes, verifies and judges passwords.
   *
   * @throws ConfigError where the policy has no `passwords`
   * @example const { ok, rehash } = await gate.passwords.verify(password, user?.hash)
   */
  readonly passwords: Passwords;
  /**
   * Lists and ends sessions, from outside of requests too.
   *
   * @throws ConfigError where the policy has no `sessions`
   * @example await gate.sessions.revokeAll(user.id)
   */
  readonly sessions: SessionManager;
  /**
   * Issues, refreshes and revokes tokens.
   *
   * @throws ConfigError where the policy has no `tokens`
   */
  readonly tokens: TokenService;
  /**
   * Serves the app over TLS, with the limits of the policy.
   *
   * @throws ConfigError `ERR_CONFIG_CERTIFICATE`, `ERR_LISTEN`, `ERR_ROUTE_UNDECIDED`
   * @example const { url } = await gate.listen({ port: 8443, http: 8080 })
   */
  listen(options?: GateListenOptions): Promise<GateListening>;
  /**
   * Hears security events; `'*'` hears all. Returns a function that ends it.
   *
   * @example gate.on('excess_rate_limit_exceeded', (event) => alerts.send(event))
   */
  on(event: EventName | '*', listener: (event: SecurityEvent) => unknown): () => void;
  /** Every route × every practice: enforced, exempt (with the reason), or missing. */
  coverage(): CoverageRow[];
  /**
   * Sends the app the probes of every check over loopback and judges the answers.
   *
   * @example const { findings } = await gate.selfTest()
   */
  selfTest(): Promise<SelfTestReport>;
  /** Closes every listener that `listen()` opened, and writes what the log still holds. */
  close(): Promise<void>;
}
