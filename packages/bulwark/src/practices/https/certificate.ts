import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Services } from '../../context.ts';
import { ConfigError } from '../../errors.ts';
import { hostnameOf } from './local-names.ts';

/** Where a certificate and its key lie; both may be the same PEM file. */
export interface CertificateFiles {
  /** PEM: the server's certificate first, then its intermediates. */
  readonly cert: string;
  /** PEM: the unencrypted private key of the server's certificate. */
  readonly key: string;
}

/** A certificate and key that were read and fit each other. */
export interface Pair {
  /** PEM, with the chain. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** The server's own certificate. */
  readonly leaf: X509Certificate;
  /** SHA-256 over both files' bytes: equal exactly if nothing changed. */
  readonly digest: string;
}

/**
 * Reads a certificate and its key and checks that they can serve: both parse, they belong together, TLS takes them.
 * Dates are not judged here: see {@link judgeDates}.
 *
 * @throws ConfigError `ERR_CONFIG_CERTIFICATE` naming the file and what is wrong with it (CWE-295, CWE-298)
 * @example const pair = await loadPair({ cert: '/etc/tls/tls.crt', key: '/etc/tls/tls.key' })
 */
export async function loadPair(files: CertificateFiles): Promise<Pair> {
  return checkPair(await read(files.cert, 'https.cert'), await read(files.key, 'https.key'), files);
}

/**
 * The checks of {@link loadPair} on what was already read.
 *
 * @throws ConfigError `ERR_CONFIG_CERTIFICATE`
 * @example checkPair(await readFile(files.cert), await readFile(files.key), files)
 */
export function checkPair(certBytes: Buffer, keyBytes: Buffer, files: CertificateFiles): Pair {
  const cert = certBytes.toString('latin1');
  const key = keyBytes.toString('latin1');
  const leaf = parseCertificate(cert, files.cert);
  if (!leaf.checkPrivateKey(parseKey(key, files.key))) {
    throw refuse('https.key', `${files.key} is not the key of the first certificate in ${files.cert}`, ORDER_FIX);
  }
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw refuse(
      'https.cert',
      `TLS does not take ${files.cert}: ${reasonOf(cause)}`,
      'renew it with a current key type',
      cause,
    );
  }
  const digest = createHash('sha256').update(certBytes).update('\0').update(keyBytes).digest('hex');
  return { cert, key, leaf, digest };
}

const ORDER_FIX = "give the key that belongs to it; in a chain file the server's own certificate comes first";

async function read(path: string, field: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw refuse(
      field,
      `${path} cannot be read: ${reasonOf(cause)}`,
      'name a PEM file that this process may read',
      cause,
    );
  }
}

function parseCertificate(pem: string, path: string): X509Certificate {
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw refuse(
      'https.cert',
      `${path} holds no PEM certificate`,
      'name a file with -----BEGIN CERTIFICATE----- in it',
    );
  }
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw refuse('https.cert', `${path} is no readable certificate`, 'write the whole PEM file again', cause);
  }
}

function parseKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const encrypted = pem.includes('ENCRYPTED');
    const message = encrypted ? `${path} is encrypted` : `${path} is no readable private key`;
    const fix = encrypted
      ? 'decrypt it (openssl pkey -in … -out …) and make it readable to this user only'
      : 'name a PEM key file';
    throw refuse('https.key', message, fix, cause);
  }
}

function refuse(field: string, message: string, fix: string, cause?: unknown): ConfigError {
  return new ConfigError('ERR_CONFIG_CERTIFICATE', { field, message, fix, cause });
}

function reasonOf(error: unknown): string {
  return (error as { code?: string }).code ?? (error instanceof Error ? error.message : String(error));
}

const DAY = 86_400_000;

/** What a certificate's dates say now. */
export type Dates = 'good' | 'ends soon' | 'expired' | 'not yet valid';

/**
 * Judges a certificate's dates. `ends soon` is less than 14 days, or less than a third of its life if that is shorter:
 * a six-day certificate is not late on its first day.
 *
 * @example judgeDates(pair.leaf, Date.now()) // 'good'
 */
export function judgeDates(leaf: X509Certificate, now: number): Dates {
  const from = Date.parse(leaf.validFrom);
  const to = Date.parse(leaf.validTo);
  if (now > to) return 'expired';
  if (now < from) return 'not yet valid';
  return to - now < Math.min(14 * DAY, (to - from) / 3) ? 'ends soon' : 'good';
}

/**
 * True if the certificate is for this host name or address.
 *
 * @example coversName(leaf, 'shop.example')
 */
export function coversName(leaf: X509Certificate, hostname: string): boolean {
  return (isIP(hostname) === 0 ? leaf.checkHost(hostname) : leaf.checkIP(hostname)) !== undefined;
}

/**
 * Says by events what is doubtful about a certificate that works: its dates, and own origins that it does not cover.
 *
 * @example warnAbout(pair.leaf, ['https://shop.example'], services)
 */
export function warnAbout(leaf: X509Certificate, origins: readonly string[], services: Services): void {
  const warn = (description: string, level: 'WARN' | 'CRITICAL', details: Record<string, unknown>): void =>
    services.emit({ event: 'sys_certificate_warning', level, description, practice: 'https', details });
  const dates = judgeDates(leaf, Date.now());
  if (dates !== 'good') {
    const until = new Date(leaf.validTo).toISOString();
    const level = dates === 'ends soon' ? 'WARN' : 'CRITICAL';
    warn(dates === 'ends soon' ? 'the certificate ends soon' : `browsers refuse the certificate: ${dates}`, level, {
      dates,
      until,
    });
  }
  const uncovered = origins.filter((origin) => origin.startsWith('https:') && !coversName(leaf, hostnameOf(origin)));
  if (uncovered.length > 0) {
    warn('browsers refuse the certificate for some of the origins: it does not name them', 'WARN', {
      origins: uncovered,
    });
  }
}

/**
 * Refuses a certificate that browsers would refuse for its dates.
 *
 * @throws ConfigError `ERR_CONFIG_CERTIFICATE`
 * @example requireDates(pair.leaf, files)
 */
export function requireDates(leaf: X509Certificate, files: CertificateFiles): void {
  const dates = judgeDates(leaf, Date.now());
  if (dates === 'good' || dates === 'ends soon') return;
  throw refuse(
    'https.cert',
    `${files.cert} is ${dates}: it is valid from ${leaf.validFrom} to ${leaf.validTo}`,
    dates === 'expired' ? 'renew it' : "set this machine's clock, or use the certificate from that date on",
  );
}
