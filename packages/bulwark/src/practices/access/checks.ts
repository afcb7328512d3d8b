import type { Check } from '../../check.ts';

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
];
