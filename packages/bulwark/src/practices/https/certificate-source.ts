import type { Services } from '../../context.ts';
import { ConfigError } from '../../errors.ts';
import { type CertificateFiles, loadPair, type Pair, requireDates, warnAbout } from './certificate.ts';
import { localCertificate } from './local-ca.ts';
import { hostnameOf, isLocalName } from './local-names.ts';
import type { ResolvedHttps } from './options.ts';

/** Where the server's certificate comes from, and what it is at the start. */
export interface Source {
  readonly files: CertificateFiles;
  readonly pair: Pair;
  /** Set where a local CA made it. */
  readonly local?: { readonly ca: string; readonly trust: string; readonly created: boolean };
}

/**
 * Finds the certificate to serve with: the one named, else, outside production, one of the local CA.
 *
 * @param terminated - a declared proxy ends TLS, so that none is needed
 * @returns undefined where plain HTTP is right
 * @throws ConfigError `ERR_CONFIG_CERTIFICATE`
 * @example const source = await openCertificate(settings, false, services)
 */
export async function openCertificate(
  settings: ResolvedHttps,
  terminated: boolean,
  services: Services,
): Promise<Source | undefined> {
  const { cert, key, local, origins } = settings;
  if (cert !== undefined && key !== undefined) return named({ cert, key }, origins, services);
  if (local === undefined ? decideLocal(settings, terminated, services) : local !== false) {
    return fromLocalAuthority(settings, services);
  }
  if (terminated) return undefined;
  if (services.mode !== 'production' && onlyPlain(origins)) return undefined;
  throw new ConfigError('ERR_CONFIG_CERTIFICATE', {
    field: 'https.cert',
    message: `there is no certificate, and ${services.mode === 'production' ? 'in production' : 'for https:// origins'} nothing is served without TLS`,
    fix:
      'do one of three: set https.cert and https.key to PEM files (certbot and acme.sh write them; they are watched); ' +
      'or, if a proxy in front ends TLS, declare it (policy.proxy); ' +
      "or, on a developer's machine, start with NODE_ENV=development for a certificate of a local CA",
  });
}

async function named(files: CertificateFiles, origins: readonly string[], services: Services): Promise<Source> {
  const pair = await loadPair(files);
  if (services.mode === 'production') requireDates(pair.leaf, files);
  warnAbout(pair.leaf, origins, services);
  return { files, pair };
}

function decideLocal({ origins }: ResolvedHttps, terminated: boolean, services: Services): boolean {
  return services.mode !== 'production' && !terminated && !onlyPlain(origins);
}

function onlyPlain(origins: readonly string[]): boolean {
  return origins.length > 0 && origins.every((origin) => origin.startsWith('http:'));
}

async function fromLocalAuthority(settings: ResolvedHttps, services: Services): Promise<Source> {
  const names = settings.origins.filter((origin) => origin.startsWith('https:')).map(hostnameOf);
  const unknown = names.filter((name) => !isLocalName(name));
  if (services.mode === 'production' && unknown.length > 0) {
    throw new ConfigError('ERR_CONFIG_CERTIFICATE', {
      field: 'https.local',
      message: `no browser but those of this machine trusts a local CA, and it may not sign ${unknown.join(', ')}`,
      fix: 'set https.cert and https.key to a certificate of a public CA, or declare the proxy that ends TLS',
    });
  }
  const directory = typeof settings.local === 'object' ? settings.local.directory : undefined;
  const { files, ca, trust, created } = await localCertificate({ names, directory });
  if (created) {
    services.emit({
      event: 'sys_certificate_changed',
      level: 'INFO',
      description: 'a local CA was made; browsers of this machine must be told to trust it',
      practice: 'https',
      details: { ca },
    });
  }
  return { files, pair: await loadPair(files), local: { ca, trust, created } };
}
