import { type Check, expectThat } from '../../check.ts';

/** Checks of the `access` practice. From outside a route without a decision looks like any other: it needs the inside. */
export const checks: readonly Check[] = [
  {
    id: 'access/disabled',
    severity: 'medium',
    confidence: 'high',
    title: 'Access decisions are not carried out before work is done',
    cwe: [862],
    asvs: ['8.2.1'],
    probes: {},
    judge(facts) {
      if (facts.inside === undefined) {
        return {
          result: 'unknown',
          message: 'whether routes have access decisions can only be seen from inside the process',
        };
      }
      if (!facts.inside.off.includes('access')) return { result: 'pass' };
      return {
        result: 'fail',
        message:
          'access is turned off in the policy: a route without a decision is open to anyone, and nothing says so. ' +
          'Remove `access: false`, or give `access: { undecided: "allow" }` to keep the coverage.',
      };
    },
  },
  {
    id: 'access/route-undecided',
    severity: 'medium',
    confidence: 'medium',
    title: 'The app has users, and a route that says nothing of who may call it is open to anyone',
    cwe: [862],
    asvs: ['8.2.1'],
    probes: {},
    judge({ inside }) {
      if (inside === undefined) {
        return {
          result: 'unknown',
          message: 'whether routes have access decisions can only be seen from inside the process',
        };
      }
      const { access } = inside;
      // Without users there is nobody to tell apart; turned off, `access/disabled` says more.
      if (access === undefined || !access.users) return { result: 'not-applicable' };
      const named = access.open.slice(0, 10).join(', ');
      const more = access.open.length > 10 ? ` and ${access.open.length - 10} more` : '';
      return expectThat(
        access.open.length === 0,
        `Anyone may call ${named}${more}: nobody decided. Give each access.public('why'), access.authenticated() or a ` +
          "role; or deny what is undecided: access: { undecided: 'deny' }.",
      );
    },
  },
];
