import { type Check, expectThat, type RunningFacts, type Verdict } from '../../check.ts';

function inside(facts: RunningFacts, judge: (facts: NonNullable<RunningFacts['inside']>) => Verdict): Verdict {
  if (facts.inside !== undefined) return judge(facts.inside);
  return { result: 'unknown', message: 'which secrets a process was given can only be seen from inside it' };
}

/** Checks of the `secrets` practice. All of them need the inside. */
export const checks: readonly Check[] = [
  {
    id: 'secrets/disabled',
    severity: 'medium',
    confidence: 'high',
    title: 'Nobody looks at the secrets that the process is given',
    cwe: [1392, 798],
    asvs: ['13.2.3'],
    probes: {},
    judge: (facts) =>
      inside(facts, ({ off }) =>
        expectThat(
          !off.includes('secrets'),
          'secrets is turned off in the policy: the app starts with the sample secret of a tutorial, and whoever knows the ' +
            "tutorial can sign for it. Remove `secrets: false`; a single variable can be left out by its name: secrets: { insecureAllow: ['NAME'] }.",
        ),
      ),
  },
  {
    id: 'secrets/placeholder-in-environment',
    severity: 'high',
    confidence: 'high',
    title: 'A secret of the process is a placeholder that everybody knows',
    cwe: [1392, 798],
    asvs: ['13.2.3'],
    probes: {},
    judge: (facts) =>
      inside(facts, ({ off, secrets }) => {
        if (off.includes('secrets') || secrets === undefined) {
          return { result: 'unknown', message: 'nobody has looked at the environment' };
        }
        const list = secrets.refused.map(({ variable, problem }) => `${variable} ${problem}`).join('; ');
        return expectThat(
          secrets.refused.length === 0,
          `${list}. Production does not start with it. Make a secret with openssl rand -hex 32.`,
        );
      }),
  },
];
