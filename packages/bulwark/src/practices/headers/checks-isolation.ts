import { type Check, expectThat, header } from '../../check.ts';
import { is, mustBe, onEach } from './checks-kit.ts';
import { parsePolicy } from './parse-policy.ts';

const FEATURES = ['camera', 'microphone', 'geolocation', 'payment', 'usb', 'serial', 'hid'];
const SAFE_REFERRER = ['no-referrer', 'same-origin', 'strict-origin', 'strict-origin-when-cross-origin'];

/** Checks of the headers that keep other sites, and features of the browser, away. */
export const isolationChecks: readonly Check[] = [
  mustBe(
    {
      id: 'headers/nosniff-missing',
      severity: 'medium',
      title: 'Browsers may guess the type',
      cwe: [430],
      asvs: ['3.4.4'],
    },
    'X-Content-Type-Options',
    is('nosniff'),
    'An upload can be taken for a script. Send nosniff.',
  ),
  onEach(
    {
      id: 'headers/frame-options-missing',
      severity: 'low',
      title: 'No X-Frame-Options for older browsers',
      cwe: [1021],
      asvs: ['3.4.6'],
    },
    (exchange) => {
      const ancestors = parsePolicy(header(exchange, 'content-security-policy') ?? '').get('frame-ancestors');
      const listed = ancestors !== undefined && !["'none'", "'self'", '*'].includes(ancestors.join(' '));
      // A list cannot be said in X-Frame-Options: there the policy alone is right.
      if (listed) return { result: 'not-applicable' };
      const value = header(exchange, 'x-frame-options');
      return expectThat(
        value !== undefined && is('deny', 'sameorigin')(value),
        `X-Frame-Options is ${value === undefined ? 'missing' : JSON.stringify(value)}. Send deny.`,
      );
    },
  ),
  mustBe(
    {
      id: 'headers/referrer-policy',
      severity: 'low',
      title: 'Addresses leak to other sites',
      cwe: [200],
      asvs: ['3.4.5'],
    },
    'Referrer-Policy',
    (value) => SAFE_REFERRER.includes(value.split(',').at(-1)?.trim().toLowerCase() ?? ''),
    'Paths and queries go to the sites that a page links to. Send no-referrer.',
  ),
  mustBe(
    { id: 'headers/coop-missing', severity: 'low', title: 'No opener isolation', cwe: [346, 1022], asvs: ['3.4.8'] },
    'Cross-Origin-Opener-Policy',
    is('same-origin', 'same-origin-allow-popups', 'noopener-allow-popups'),
    'A page that opens this one keeps a hand on its window. Send same-origin.',
  ),
  mustBe(
    { id: 'headers/coep-missing', severity: 'info', title: 'No embedder policy', cwe: [346], asvs: [] },
    'Cross-Origin-Embedder-Policy',
    is('require-corp', 'credentialless'),
    'Other sites can have their data loaded into this page. Send require-corp.',
  ),
  mustBe(
    {
      id: 'headers/corp-missing',
      severity: 'low',
      title: 'Other sites may load this answer',
      cwe: [346],
      asvs: ['3.5.8'],
    },
    'Cross-Origin-Resource-Policy',
    is('same-origin', 'same-site', 'cross-origin'),
    'It can be read through side channels. Send same-origin.',
  ),
  mustBe(
    {
      id: 'headers/permissions-policy',
      severity: 'low',
      title: 'Browser features are left open',
      cwe: [693],
      asvs: [],
    },
    'Permissions-Policy',
    (value) => FEATURES.every((name) => new RegExp(`(?:^|[,\\s])${name}=(?!\\*)`).test(value)),
    `It does not restrict ${FEATURES.join(', ')}. A script that got in may use them. Send an empty list for each.`,
  ),
  mustBe(
    { id: 'headers/dns-prefetch-control', severity: 'info', title: 'DNS prefetching is on', cwe: [200], asvs: [] },
    'X-DNS-Prefetch-Control',
    is('off'),
    'Names of linked hosts are looked up before anyone clicks. Send off.',
  ),
  mustBe(
    { id: 'headers/cross-domain-policies', severity: 'info', title: 'No cross-domain policy', cwe: [346], asvs: [] },
    'X-Permitted-Cross-Domain-Policies',
    is('none', 'master-only'),
    'Document viewers may fetch this site’s data. Send none.',
  ),
];
