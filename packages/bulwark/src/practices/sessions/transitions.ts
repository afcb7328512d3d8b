import type { Authentication, SessionState } from './state.ts';

/** A session that begins. */
export function begun(secret: string, at: number, device: string): SessionState {
  return { secret, data: {}, createdAt: at, seenAt: at, rotatedAt: at, device };
}

/** The same, of a user who has just proven who he is. */
export function loggedIn(
  state: SessionState,
  user: { readonly id: string; readonly roles?: readonly string[] },
  factor: string,
): SessionState {
  const roles = user.roles === undefined ? {} : { roles: [...user.roles] };
  const at = state.createdAt;
  return { ...state, authentication: { user: user.id, ...roles, factors: { [factor]: at }, at } };
}

/** A token is handed out beside the one that is in use: the answer that carries it may be lost. */
export function handedOut(state: SessionState, secret: string, at: number): SessionState {
  return { ...state, next: { secret, since: at }, seenAt: at };
}

/** The token that was handed out has come back: the one before it is taken until `until`. Undefined if another one has. */
export function promoted(state: SessionState, secret: string, at: number, until: number): SessionState | undefined {
  const { next, ...rest } = state;
  if (next?.secret !== secret) return undefined;
  const { authentication } = state;
  const previous = { secret: state.secret, until, ...(authentication === undefined ? {} : { authentication }) };
  return { ...rest, secret, previous, seenAt: at, rotatedAt: at };
}

/**
 * The session may do something else: under a new token, from now on. The token that it was proven with is taken until
 * `until`, and sees what it saw before. Undefined where nobody is logged in, and where that token has been replaced
 * meanwhile: whoever did it may be another, and has the one that would be elevated.
 */
export function elevated(
  state: SessionState,
  tokens: { readonly presented: string; readonly secret: string },
  at: number,
  until: number,
  change: (authentication: Authentication, at: number) => Authentication,
): SessionState | undefined {
  const { next: _, authentication, ...rest } = state;
  if (authentication === undefined || state.secret !== tokens.presented) return undefined;
  const changed = change(authentication, at);
  return {
    ...rest,
    secret: tokens.secret,
    previous: { secret: tokens.presented, until, authentication: narrowed(authentication, changed) },
    authentication: changed,
    seenAt: at,
    rotatedAt: at,
  };
}

/** Somebody else has given the user other roles: at once, and under a new token soon. */
export function withRoles(state: SessionState, roles: readonly string[]): SessionState | undefined {
  const { authentication, previous } = state;
  if (authentication === undefined) return undefined;
  const changed = { ...authentication, roles: [...roles] };
  const before = previous?.authentication;
  return {
    ...state,
    authentication: changed,
    rotatedAt: 0,
    ...(previous === undefined || before === undefined
      ? {}
      : { previous: { ...previous, authentication: narrowed(before, changed) } }),
  };
}

/** What a replaced token may still see: nothing that was given since, and nothing that was taken away. */
export function narrowed(before: Authentication, now: Authentication): Authentication {
  const { roles } = before;
  return roles === undefined ? before : { ...before, roles: roles.filter((role) => now.roles?.includes(role)) };
}
