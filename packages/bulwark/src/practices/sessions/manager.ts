import type { IncomingMessage } from 'node:http';
import { NOTICES } from './notices.ts';
import { handleOf, requireRoles } from './requests.ts';
import type { SessionService } from './service.ts';
import { decodeState, type SessionState, userOf } from './state.ts';
import { withRoles } from './transitions.ts';

/** One session of a user, as a page of "your devices" shows it. */
export interface SessionInfo {
  /** Stable while the token is replaced, and no secret: it names the session in lists, logs and tokens (`sid`). */
  readonly id: string;
  readonly user: string;
  readonly createdAt: Date;
  /** To the minute. */
  readonly seenAt: Date;
  /** What the app called the device, or what its user agent says: `Firefox on Linux`. */
  readonly device: string;
  /** It is the one that the request came with. */
  readonly current: boolean;
}

/** Lists and ends sessions. ASVS 5.0 7.4.2, 7.4.5, 7.5.2. */
export interface SessionManager {
  /** The living sessions of a user, the last seen first; with a request, its own is marked. */
  list(user: string, req?: IncomingMessage): Promise<readonly SessionInfo[]>;
  /** Ends one session, and its data with it; false if there is none of this id. */
  revoke(id: string): Promise<boolean>;
  /** Ends all sessions of the request's user but the request's own; how many. */
  revokeOthers(req: IncomingMessage): Promise<number>;
  /** Ends all sessions of a user; how many. */
  revokeAll(user: string): Promise<number>;
  /** Gives all sessions of a user other roles, from the next request on; each gets a new token then. */
  changeRoles(user: string, roles: readonly string[]): Promise<void>;
  /** Whether a session is alive: what is bound to one (a refresh token) ends with it. */
  isAlive(id: string): Promise<boolean>;
}

const ID = /^[A-Za-z0-9_-]{22}$/;

/** Makes the manager of a service. */
export function createManager(service: SessionService): SessionManager {
  async function living(user: string): Promise<{ id: string; state: SessionState }[]> {
    const records = await service.store.list(service.ownerOf(user));
    return records.flatMap(({ key, value }) => {
      const state = decodeState(value);
      const isLiving =
        state !== undefined && state.leftAt === undefined && !service.isOver(state) && userOf(state) === user;
      return isLiving ? [{ id: key.slice(service.keyOf('').length), state }] : [];
    });
  }

  async function end(id: string): Promise<boolean> {
    if (typeof id !== 'string' || !ID.test(id)) return false;
    const ended = (await service.remove(id)) !== undefined;
    if (ended) service.emit(NOTICES.ended(id));
    return ended;
  }

  async function endAll(user: string, except?: string): Promise<number> {
    const sessions = await living(user);
    const ended = await Promise.all(sessions.map(async ({ id }) => id !== except && (await end(id))));
    return ended.filter(Boolean).length;
  }

  return {
    async list(user, req) {
      const own = req === undefined ? undefined : handleOf(req)?.aliveId;
      const sessions = await living(user);
      return sessions
        .toSorted((a, b) => b.state.seenAt - a.state.seenAt)
        .map(({ id, state }) => ({
          id,
          user,
          createdAt: new Date(state.createdAt),
          seenAt: new Date(state.seenAt),
          device: state.device,
          current: id === own,
        }));
    },
    revoke: end,
    async revokeOthers(req) {
      const handle = handleOf(req);
      const user = handle?.identity?.id;
      return user === undefined ? 0 : endAll(user, handle?.aliveId);
    },
    revokeAll: (user) => endAll(user),
    async changeRoles(user, roles) {
      requireRoles(roles, 'changeRoles()');
      const sessions = await service.store.list(service.ownerOf(user));
      await Promise.all(
        sessions.map(async ({ key, value, version }) => {
          const state = decodeState(value);
          if (state === undefined) return;
          await service.update(key.slice(service.keyOf('').length), { version, state }, (now) => withRoles(now, roles));
        }),
      );
    },
    async isAlive(id) {
      if (!ID.test(id)) return false;
      const stored = await service.store.get(service.keyOf(id));
      const state = stored === undefined ? undefined : decodeState(stored.value);
      return state !== undefined && state.leftAt === undefined && !service.isOver(state);
    },
  };
}
