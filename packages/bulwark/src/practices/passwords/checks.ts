import { type Check, expectThat, type RunningFacts, type Verdict } from '../../check.ts';
import type { PasswordsReport } from './index.ts';

function inside(facts: RunningFacts, judge: (report: PasswordsReport) => Verdict): Verdict {
  if (facts.inside === undefined) return { result: 'unknown', message: 'passwords can only be judged from inside' };
  const { passwords } = facts.inside;
  return passwords === undefined ? { result: 'not-applicable' } : judge(passwords);
}

/** Checks of the `passwords` practice. All of them need the inside. */
export const checks: readonly Check[] = [
  {
    id: 'passwords/disabled',
    severity: 'low',
    confidence: 'medium',
    title: 'Passwords are left to the app',
    cwe: [916, 521],
    asvs: ['11.4.2'],
    probes: {},
    judge({ inside: known }) {
      if (known === undefined) return { result: 'unknown', message: 'what a policy says can only be seen from inside' };
      if (known.unused?.includes('passwords') === true) return { result: 'not-applicable' };
      return expectThat(
        !known.off.includes('passwords'),
        'passwords is turned off in the policy: nobody sees how the app hashes, nor what it takes for a password. Remove `passwords: false` where the app has no passwords; else write `passwords: {}` and use gate.passwords.',
      );
    },
  },
  {
    id: 'passwords/common-allowed',
    severity: 'high',
    confidence: 'high',
    title: 'Passwords that everybody tries first are taken',
    cwe: [521, 1391],
    asvs: ['6.2.4'],
    probes: {},
    judge: (facts) =>
      inside(facts, ({ refusesCommon }) =>
        expectThat(
          refusesCommon,
          'insecureAllowCommon takes the passwords that attackers try first: a few guesses for each account are enough. Remove it.',
        ),
      ),
  },
  {
    id: 'passwords/short',
    severity: 'low',
    confidence: 'high',
    title: 'A password alone may be shorter than 15 characters',
    cwe: [521],
    asvs: ['6.2.1'],
    probes: {},
    judge: (facts) =>
      inside(facts, ({ minLength }) =>
        expectThat(
          minLength >= 15,
          `A password of ${minLength} characters is enough to log in. Set minLength to 15, or ask for a second factor and check with { secondFactor: true }.`,
        ),
      ),
  },
  {
    id: 'passwords/unreadable-hash',
    severity: 'medium',
    confidence: 'high',
    title: 'Somebody cannot log in, because the stored hash cannot be read',
    cwe: [754],
    asvs: ['11.4.2'],
    probes: {},
    judge: (facts) =>
      inside(facts, ({ unreadable }) =>
        expectThat(
          unreadable === 0,
          `${unreadable} log-ins met a stored hash that is of no known format, broken, or would cost absurd time or memory. The event sys_password_hash_unreadable says which; let its owner set a new password.`,
        ),
      ),
  },
];
