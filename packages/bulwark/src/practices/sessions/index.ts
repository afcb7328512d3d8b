import type { IncomingMessage } from 'node:http';
import { ALONE, type Handler, type Middleware, type Services } from '../../context.ts';
import type { Identify } from '../access/index.ts';

/** Options of {@link sessions}. */
export interface SessionsOptions {
  readonly name?: string;
}

/** One session of a user, as a page of "your devices" shows it. */
export interface SessionInfo {
  /** Stable over rotations of the token, and no secret: it identifies the session in lists, logs and tokens (`sid`). */
  readonly id: string;
  readonly user: string;
  readonly createdAt: Date;
  readonly seenAt: Date;
  /** What the app called the device, or what its user agent says. */
  readonly device: string;
  /** It is the one that the request came with. */
  readonly current: boolean;
}

/** Lists and ends sessions. */
export interface SessionManager {
  list(user: string, req?: IncomingMessage): Promise<readonly SessionInfo[]>;
  /** Ends one session; false if there is none of this id. */
  revoke(id: string): Promise<boolean>;
  /** Ends all sessions of the request's user but the request's own; how many. */
  revokeOthers(req: IncomingMessage): Promise<number>;
  /** Ends all sessions of a user; how many. */
  revokeAll(user: string): Promise<number>;
  /** Whether a session is alive: what is bound to one ends with it. */
  isAlive(id: string): Promise<boolean>;
}

/** The middleware of sessions, and what the gate needs of it beside. */
export interface SessionsMiddleware extends Middleware {
  /** Sends for the session and does not wait for it. */
  readonly read: Handler;
  /** Who is logged in. */
  readonly identify: Identify;
  readonly manager: SessionManager;
}

/** Sessions. */
export function sessions(_options: SessionsOptions = {}, _services: Services = ALONE): SessionsMiddleware {
  throw new Error('not there yet');
}
