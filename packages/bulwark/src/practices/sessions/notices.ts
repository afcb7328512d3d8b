import type { EventInput } from '../../events.ts';
import { describeFailure } from '../logging/failure-record.ts';

const OF: Pick<EventInput, 'practice'> = { practice: 'sessions' };

/** What is said of one session, by its id: never of its token. A log would redact what is called `session` or `sid`. */
export const NOTICES = {
  created: (session: string): EventInput => ({
    ...OF,
    event: 'session_created',
    level: 'INFO',
    description: 'a user has logged in',
    details: { id: session },
  }),
  takenOver: (session: string): EventInput => ({
    ...OF,
    event: 'session_created',
    level: 'INFO',
    description: 'a session of express-session was taken over',
    details: { id: session },
  }),
  renewed: (session: string): EventInput => ({
    ...OF,
    event: 'session_renewed',
    level: 'INFO',
    description: 'what a session may do has changed, and it has a new token',
    details: { id: session },
  }),
  ended: (session: string): EventInput => ({
    ...OF,
    event: 'session_expired',
    level: 'INFO',
    description: 'a session was ended',
    details: { id: session },
  }),
  replayed: (session: string): EventInput => ({
    ...OF,
    event: 'session_use_after_expire',
    level: 'WARN',
    description: 'a session token was used after it had been replaced: somebody may have copied it',
    details: { id: session },
  }),
  conflict: (): EventInput => ({
    ...OF,
    event: 'session_cookie_conflict',
    level: 'WARN',
    description: 'the request has several session cookies that differ: none of them was used',
  }),
  withheld: (): EventInput => ({
    ...OF,
    event: 'sys_session_cookie_withheld',
    level: 'WARN',
    description:
      'the session cookie is Secure, and this request came over plain HTTP: no cookie was sent, and nothing kept. ' +
      "If a proxy in front ends TLS, declare it (policy.proxy: 'nginx' or { hops: 1 }); else serve over https",
  }),
  unkept: (error: unknown): EventInput => ({
    ...OF,
    event: 'sys_error',
    level: 'CRITICAL',
    description: `the session could not be kept, and the request was answered with 500: ${describeFailure(error).message ?? 'no reason given'}`,
  }),
} as const;
