import type { Authentication, SessionState } from './state.ts';

/** A session that begins. */
export function begun(secret: string, at: number, device: string): SessionState {
  return { secret, data: {}, createdAt: at, seenAt: at, rotatedAt: at, device };
}

/** Who has just logged in, and how. */
export function authenticated(
  { id, roles }: { readonly id: string; readonly roles?: readonly string[] },
  factor: string,
  at: number,
): Authentication {
  return { user: id, ...(roles === undefined ? {} : { roles: [...roles] }), factors: { [factor]: at }, at };
}

/** How long a token that was handed out is waited for before another one is. */
const LOST = 60_000;

/** Whether a session's token is old enough to be replaced, and nobody has been given the one that replaces it. */
export function isRotationDue({ rotatedAt, next, leftAt }: SessionState, now: number, every: number): boolean {
  if (leftAt !== undefined || now - rotatedAt < every) return false;
  return next === undefined || now - next.since > LOST;
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
  return {
    ...rest,
    secret: tokens.secret,
    previous: { secret: tokens.presented, until, authentication },
    authentication: change(authentication, at),
    seenAt: at,
    rotatedAt: at,
  };
}
