import type { Kept } from './service.ts';
import type { Authentication, Presented } from './state.ts';
import { narrowed } from './transitions.ts';

/** The session of a request as it was last read or written, and by which of its tokens. */
export interface Live extends Kept {
  readonly id: string;
  readonly by: 'current' | 'next' | 'previous';
  /** What the request may see. That of a token that was replaced is what it was then. */
  readonly sees: Authentication | undefined;
}

/** A session that was found by a token that is good. */
export function liveOf({ id, version, state }: Kept & { readonly id: string }, by: Live['by']): Live {
  return { id, version, state, by, sees: by === 'previous' ? state.previous?.authentication : state.authentication };
}

/**
 * The same as it has become. While the request was under way its token may have been replaced: then it goes on with what it
 * saw, without what has been taken away since, and never with what was proven under the token that took its place.
 *
 * @param by - which token of what it has become the request came with; undefined for none of them
 * @see CWE-362
 */
export function asKept(live: Live, kept: Kept, by: Presented | undefined): Live {
  if (by !== undefined && by !== 'replayed') return liveOf({ id: live.id, ...kept }, by);
  const { authentication } = kept.state;
  const sees =
    live.sees === undefined || authentication === undefined ? undefined : narrowed(live.sees, authentication);
  return { id: live.id, ...kept, by: 'previous', sees };
}
