import type { IncomingMessage, ServerResponse } from 'node:http';
import { ALONE, beforeHead, type Handler, type Middleware, type Next, type Services } from '../../context.ts';
import { resolveOptions } from '../../options.ts';
import { guardRecords } from '../../stores/guard.ts';
import { memoryRecordStore } from '../../stores/memory-records.ts';
import type { Identify } from '../access/index.ts';
import { fromExpressSession } from './express-session/options.ts';
import { holdResponse } from './hold-response.ts';
import { createManager, type SessionManager } from './manager.ts';
import { DEFAULTS, type SessionsOptions, schema } from './options.ts';
import { attach, handleOf, visitOf } from './requests.ts';
import { SessionService } from './service.ts';
import { Visit } from './visit.ts';

export type { PreviousSessionsOptions } from './express-session/previous.ts';
export {
  type ExpressSessionStoreOptions,
  fromExpressSessionStore,
  type StoreGuarantees,
  type WrappedStore,
} from './express-session/store.ts';
export type { ExpressSessionStore } from './express-session/store-call.ts';
export type { SessionInfo, SessionManager } from './manager.ts';
export type { SessionCookieOptions, SessionsOptions } from './options.ts';
export {
  changeRoles,
  type LogInOptions,
  logIn,
  logOut,
  type OwnSessions,
  proveFactor,
  sessionOf,
  sessionsOf,
} from './requests.ts';
export type { Session } from './session.ts';

/** What is known of the sessions of an app, for its checks. Times in milliseconds. */
export interface SessionsReport {
  readonly idle: number;
  readonly absolute: number;
  readonly sameSite: 'lax' | 'strict' | 'none';
  /** Whether other processes see the same sessions, and a restart leaves them. */
  readonly kept: boolean;
}

/** The middleware of sessions, and what the gate needs of it beside. */
export interface SessionsMiddleware extends Middleware {
  /** Sends for the session and does not wait for it. */
  readonly read: Handler;
  /** Who is logged in. */
  readonly identify: Identify;
  readonly manager: SessionManager;
  readonly report: SessionsReport;
}

/**
 * Sessions: `req.session`, kept on the server under a token that only the cookie holds.
 *
 * A session begins when something is written to it, and is kept before the answer begins. What two requests write at one
 * time is merged key by key, and one that has ended is never revived. A store that is out of reach is felt (503) only where
 * a session is needed. Inside `secure()` it stands where it has to; alone, put it before the routes, behind `client()`
 * where a proxy ends TLS.
 *
 * @param services - what the gate gives; left out where it is used alone
 * @throws ConfigError for times that contradict each other, and for a cookie that browsers refuse
 * @see ASVS 5.0 7.2.3, 7.2.4, 7.3.1, 7.3.2, 7.4.1; CWE-384, CWE-613, CWE-362
 * @example
 * app.use(sessions({ idle: '30m' }))
 * app.post('/login', async (req, res) => { await logIn(req, { id: user.id }); res.redirect(303, '/') })
 */
export function sessions(options: SessionsOptions = {}, services: Services = ALONE): SessionsMiddleware {
  const understood = fromExpressSession(options, 'sessions', services.emit);
  const resolved = resolveOptions(schema, DEFAULTS, understood, 'sessions');
  const own = resolved.store === undefined ? undefined : guardRecords(resolved.store, services);
  const store = own ?? services.stores?.records ?? memoryRecordStore();
  const service = new SessionService(resolved, store, services);
  const manager = createManager(service);

  function begin(req: IncomingMessage, res: ServerResponse): Visit {
    const visit = new Visit(service, manager, req, res);
    attach(req, visit);
    beforeHead(req, res, respond);
    holdResponse(res, visit);
    visit.asked?.send();
    return visit;
  }

  function readSession(req: IncomingMessage, res: ServerResponse, next: Next): void {
    begin(req, res);
    next();
  }

  function sessionsMiddleware(req: IncomingMessage, res: ServerResponse, next: Next): void {
    const { asked } = visitOf(req) ?? begin(req, res);
    if (asked === undefined) next();
    else asked.settle(next);
  }

  return Object.assign(sessionsMiddleware, {
    response: respond,
    read: readSession,
    identify: (req: IncomingMessage) => handleOf(req)?.identity,
    manager,
    report: {
      idle: service.idle,
      absolute: service.absolute,
      sameSite: service.cookie.sameSite,
      kept: store.shared === true,
    },
  });
}

function respond(req: IncomingMessage, res: ServerResponse): void {
  handleOf(req)?.writeHead(res);
}
