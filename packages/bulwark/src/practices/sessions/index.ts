import type { IncomingMessage, ServerResponse } from 'node:http';
import { ALONE, beforeHead, type Handler, type Middleware, type Next, type Services } from '../../context.ts';
import { resolveOptions } from '../../options.ts';
import { guardRecords } from '../../stores/guard.ts';
import { memoryRecordStore } from '../../stores/memory-records.ts';
import type { Identify } from '../access/index.ts';
import { SessionHandle } from './handle.ts';
import { createManager, type SessionManager } from './manager.ts';
import { DEFAULTS, type SessionsOptions, schema } from './options.ts';
import { attach, handleOf } from './requests.ts';
import { SessionService } from './service.ts';

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

/** The middleware of sessions, and what the gate needs of it beside. */
export interface SessionsMiddleware extends Middleware {
  /** Sends for the session and does not wait for it. */
  readonly read: Handler;
  /** Who is logged in. */
  readonly identify: Identify;
  readonly manager: SessionManager;
}

/**
 * Sessions: `req.session`, kept on the server under a token that only the cookie holds.
 */
export function sessions(options: SessionsOptions = {}, services: Services = ALONE): SessionsMiddleware {
  const resolved = resolveOptions(schema, DEFAULTS, options, 'sessions');
  const own = resolved.store === undefined ? undefined : guardRecords(resolved.store, services);
  const store = own ?? services.stores?.records ?? memoryRecordStore();
  const service = new SessionService(resolved, store, services);
  const manager = createManager(service);

  function begin(req: IncomingMessage, res: ServerResponse): SessionHandle {
    const handle = new SessionHandle(service, req, res);
    attach(req, handle, manager);
    beforeHead(req, res, respond);
    handle.send();
    return handle;
  }

  function readSession(req: IncomingMessage, res: ServerResponse, next: Next): void {
    begin(req, res);
    next();
  }

  function sessionsMiddleware(req: IncomingMessage, res: ServerResponse, next: Next): void {
    (handleOf(req) ?? begin(req, res)).settle(next);
  }

  return Object.assign(sessionsMiddleware, {
    response: respond,
    read: readSession,
    identify: (req: IncomingMessage) => handleOf(req)?.identity,
    manager,
  });
}

function respond(req: IncomingMessage): void {
  handleOf(req)?.writeHead();
}
