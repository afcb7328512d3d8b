import { type Check, expectThat, header } from '../../check.ts';
import { mustBe, onEach, onPolicy } from './checks-kit.ts';
import { parsePolicy } from './parse-policy.ts';

/** Checks of the content security policy. */
export const policyChecks: readonly Check[] = [
  mustBe(
    {
      id: 'headers/csp-missing',
      severity: 'high',
      title: 'No content security policy',
      cwe: [79, 693],
      asvs: ['3.4.3'],
    },
    'Content-Security-Policy',
    () => true,
    'An injected script runs. Use headers(), which sets a policy on every answer.',
  ),
  onPolicy(
    {
      id: 'headers/csp-unsafe',
      severity: 'high',
      title: 'The policy allows unsafe sources',
      cwe: [79],
      asvs: ['3.4.3'],
    },
    (policy) => {
      const unsafe = [...policy.values()].flat().find((source) => source.includes('unsafe'));
      return expectThat(
        unsafe === undefined,
        `the policy holds ${unsafe}. What is injected inline is then run. Use nonceOf(req) for inline scripts and styles.`,
      );
    },
  ),
  onPolicy(
    {
      id: 'headers/csp-weak',
      severity: 'medium',
      title: 'The policy leaves a way around it',
      cwe: [693],
      asvs: ['3.4.3'],
    },
    (policy) => {
      const scripts = policy.get('script-src') ?? policy.get('default-src');
      const objects = policy.get('object-src') ?? policy.get('default-src');
      const base = policy.get('base-uri');
      const open = scripts?.find((source) => /^(?:\*|https?:|data:|blob:)$/.test(source));
      if (scripts === undefined) return { result: 'fail', message: 'neither script-src nor default-src is named.' };
      if (open !== undefined) return { result: 'fail', message: `scripts may come from ${open}, so from anyone.` };
      return expectThat(
        objects?.join() === "'none'" && base?.join() === "'none'",
        "object-src and base-uri are not both 'none'. Plug-ins and <base> get around script-src. Set both to 'none'.",
      );
    },
  ),
  onEach(
    {
      id: 'headers/frame-ancestors-missing',
      severity: 'medium',
      title: 'Other sites may frame this answer',
      cwe: [1021],
      asvs: ['3.4.6'],
    },
    (exchange) => {
      const ancestors = parsePolicy(header(exchange, 'content-security-policy') ?? '').get('frame-ancestors');
      return expectThat(
        ancestors !== undefined && !ancestors.includes('*'),
        'the policy has no frame-ancestors, and X-Frame-Options is obsolete. A click can be stolen. Use headers().',
      );
    },
  ),
  onPolicy(
    {
      id: 'headers/csp-report-missing',
      severity: 'info',
      title: 'Nobody hears of violations',
      cwe: [778],
      asvs: ['3.4.7'],
    },
    (policy) =>
      expectThat(
        policy.has('report-uri') || policy.has('report-to'),
        'the policy names no place for reports. An attack that it stops goes unseen. Use collectReports().',
      ),
  ),
  onEach(
    {
      id: 'headers/data-not-sandboxed',
      severity: 'low',
      title: 'Data can be opened as a document',
      cwe: [79, 430],
      asvs: ['3.2.1'],
    },
    (exchange) => {
      const type = (header(exchange, 'content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
      if (!/^application\/(?:.*\+)?json$|\/xml$|\+xml$/.test(type) || type === 'application/xhtml+xml') {
        return { result: 'not-applicable' };
      }
      const sandboxed = parsePolicy(header(exchange, 'content-security-policy') ?? '').has('sandbox');
      const attached = /^\s*attachment/i.test(header(exchange, 'content-disposition') ?? '');
      return expectThat(
        sandboxed || attached,
        `${type} is answered without sandbox or attachment. A browser that opens it directly may run what is in it.`,
      );
    },
  ),
];
