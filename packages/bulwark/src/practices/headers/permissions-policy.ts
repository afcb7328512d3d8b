import { ConfigError } from '../../errors.ts';
import { nearest } from '../../options.ts';
import { parseOrigin } from '../../origins.ts';

/*
 * The first list is the value of Permissions-Policy in `ci/headers_add.json` of the OWASP Secure Headers Project, as of
 * 2026-07-19 (Apache License, Version 2.0, https://www.apache.org/licenses/LICENSE-2.0), with one change:
 * publickey-credentials-get is (self), and publickey-credentials-create with it, or no page could log in by passkey.
 */
const NOBODY = [
  'accelerometer',
  'autoplay',
  'camera',
  'cross-origin-isolated',
  'display-capture',
  'encrypted-media',
  'fullscreen',
  'geolocation',
  'gyroscope',
  'keyboard-map',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'picture-in-picture',
  'screen-wake-lock',
  'usb',
  'web-share',
  'xr-spatial-tracking',
  'clipboard-read',
  'clipboard-write',
  'gamepad',
  'hid',
  'idle-detection',
  'interest-cohort',
  'serial',
  'unload',
] as const;
const SELF = ['publickey-credentials-create', 'publickey-credentials-get', 'sync-xhr'] as const;

/** Features that browsers know besides; not in the default value. */
const OTHERS = [
  'ambient-light-sensor',
  'aria-notify',
  'attribution-reporting',
  'battery',
  'bluetooth',
  'browsing-topics',
  'captured-surface-control',
  'compute-pressure',
  'controlled-frame',
  'deferred-fetch',
  'deferred-fetch-minimal',
  'digital-credentials-create',
  'digital-credentials-get',
  'direct-sockets',
  'document-domain',
  'identity-credentials-get',
  'join-ad-interest-group',
  'language-detector',
  'language-model',
  'local-fonts',
  'local-network-access',
  'on-device-speech-recognition',
  'otp-credentials',
  'private-state-token-issuance',
  'private-state-token-redemption',
  'rewriter',
  'run-ad-auction',
  'shared-storage',
  'speaker-selection',
  'storage-access',
  'summarizer',
  'translator',
  'vertical-scroll',
  'window-management',
  'writer',
] as const;

/** A feature's name in the header. */
export type FeatureName = (typeof NOBODY)[number] | (typeof SELF)[number] | (typeof OTHERS)[number];

type Camel<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;

/** Who may use a feature: `[]` nobody, `'self'` this origin, other origins by name, `'*'` anyone; `false` says nothing. */
export type Allowlist = readonly string[] | '*' | false;

/** Features by name, in camel case or as in the header. */
export type PermissionsPolicyOptions = { readonly [K in FeatureName | Camel<FeatureName>]?: Allowlist | undefined };

const KNOWN: readonly string[] = [...NOBODY, ...SELF, ...OTHERS];

/** The features of 2026-11. */
export const DEFAULT_FEATURES: Readonly<Record<string, Allowlist>> = Object.fromEntries([
  ...NOBODY.map((name): [string, Allowlist] => [name, []]),
  ...SELF.map((name): [string, Allowlist] => [name, ['self']]),
]);

/** Feature names in one spelling, so that layers can be laid over each other. */
export function nameFeatures(given: PermissionsPolicyOptions, field: string): Record<string, Allowlist> {
  const named: Record<string, Allowlist> = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (!KNOWN.includes(name)) {
      const near = nearest(name, KNOWN);
      throw new ConfigError('ERR_CONFIG_UNKNOWN_KEY', {
        field: `${field}.${key}`,
        message: `there is no such feature${near === undefined ? '' : ` (did you mean "${near}"?)`}`,
        fix: `use one of: ${KNOWN.join(', ')}`,
      });
    }
    named[name] = value;
  }
  return named;
}

/**
 * The value of Permissions-Policy.
 *
 * @throws ConfigError for a member that is neither `self` nor an origin
 * @see https://www.w3.org/TR/permissions-policy/
 */
export function permissionsPolicyValue(features: Readonly<Record<string, Allowlist>>, field: string): string {
  return Object.entries(features)
    .filter(([, allowed]) => allowed !== false)
    .map(([name, allowed]) => `${name}=${allowed === '*' ? '*' : membersOf(allowed || [], `${field}.${name}`)}`)
    .join(', ');
}

function membersOf(allowed: readonly string[], field: string): string {
  const members = allowed.map((member, i) => {
    if (member === 'self') return member;
    if (member === "'self'") {
      throw new ConfigError('ERR_CONFIG_VALUE', {
        field: `${field}[${i}]`,
        message: "'self' stands without quotes in Permissions-Policy",
        fix: "write 'self' as a plain text: ['self']",
      });
    }
    return `"${parseOrigin(member, `${field}[${i}]`)}"`;
  });
  return `(${members.join(' ')})`;
}
