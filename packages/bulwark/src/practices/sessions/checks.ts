import { type Check, expectThat, type RunningFacts, type Verdict } from '../../check.ts';
import type { SessionsReport } from './index.ts';

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

function inside(facts: RunningFacts, judge: (report: SessionsReport) => Verdict): Verdict {
  if (facts.inside === undefined) return { result: 'unknown', message: 'sessions can only be judged from inside' };
  const { sessions } = facts.inside;
  return sessions === undefined ? { result: 'not-applicable' } : judge(sessions);
}

/** Checks of the `sessions` practice. All of them need the inside. */
export const checks: readonly Check[] = [
  {
    id: 'sessions/disabled',
    severity: 'low',
    confidence: 'medium',
    title: 'Sessions are left to the app',
    cwe: [613, 384],
    asvs: ['7.2.1'],
    probes: {},
    judge({ inside: known }) {
      if (known === undefined) return { result: 'unknown', message: 'what a policy says can only be seen from inside' };
      if (known.unused?.includes('sessions') === true) return { result: 'not-applicable' };
      return expectThat(
        !known.off.includes('sessions'),
        'sessions is turned off in the policy: nobody sees how sessions begin, end and are kept. Remove `sessions: false` where the app has none; else write `sessions: {}` and use logIn() and logOut().',
      );
    },
  },
  {
    id: 'sessions/idle-long',
    severity: 'low',
    confidence: 'high',
    title: 'A session that nobody uses lives for longer than a day',
    cwe: [613],
    asvs: ['7.3.1'],
    probes: {},
    judge: (facts) =>
      inside(facts, ({ idle }) =>
        expectThat(
          idle <= DAY,
          `A session lives for ${Math.round(idle / HOUR)} hours without a request: whoever finds the browser open is logged in. Set idle to a day at most.`,
        ),
      ),
  },
  {
    id: 'sessions/absolute-long',
    severity: 'low',
    confidence: 'high',
    title: 'A session lives for longer than 30 days',
    cwe: [613],
    asvs: ['7.3.2'],
    probes: {},
    judge: (facts) =>
      inside(facts, ({ absolute }) =>
        expectThat(
          absolute <= 30 * DAY,
          `A session lives for ${Math.round(absolute / DAY)} days as long as it is used: so does a copy of its cookie. Set absolute to 30 days at most.`,
        ),
      ),
  },
  {
    id: 'sessions/cross-site',
    severity: 'medium',
    confidence: 'high',
    title: 'The session goes along with requests of other sites',
    cwe: [1275, 352],
    asvs: ['3.3.2'],
    probes: {},
    judge: (facts) =>
      inside(facts, ({ sameSite }) =>
        expectThat(
          sameSite !== 'none',
          "The session cookie is SameSite=None: browsers send it with what other sites ask for, and only csrf stands before that. Use 'lax', unless other sites must embed the app.",
        ),
      ),
  },
  {
    id: 'sessions/not-kept',
    severity: 'info',
    confidence: 'high',
    title: 'Sessions live in the memory of one process',
    cwe: [410],
    asvs: [],
    probes: {},
    judge: (facts) =>
      inside(facts, ({ kept }) =>
        expectThat(
          kept,
          'Sessions are in the memory of this process: a restart logs everybody out, and a second process does not know them. Name a place in policy.stores: a file, Redis or a database.',
        ),
      ),
  },
];
