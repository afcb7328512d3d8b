import { createHash, createPrivateKey, randomBytes, type X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { type CertificateFiles, checkPair, coversName } from './certificate.ts';
import { isLocalName } from './local-names.ts';
import { trustHelp } from './trust-help.ts';
import { makeAuthority, makeLeaf, type Signer } from './x509-write.ts';

/** What the local CA gives. */
export interface LocalCertificate {
  /** One PEM file with certificate and key, named twice. */
  readonly files: CertificateFiles;
  /** The CA's certificate, PEM: what a browser must trust. */
  readonly ca: string;
  /** How to make this machine trust it, in sentences for a person. */
  readonly trust: string;
  /** True if this call made the CA. */
  readonly created: boolean;
}

const OWN_NAMES = ['localhost', '127.0.0.1', '::1'];
const RENEW_BEFORE = 30 * 86_400_000;

/**
 * A certificate for development, from a CA that lives on this machine only. The CA is made at the first call; the
 * certificate is made anew when its names change or less than 30 of its 90 days are left. Several processes may
 * call it at the same time.
 *
 * @param options.names - host names and addresses beside localhost, 127.0.0.1 and ::1; public ones, which the CA may not
 *   sign, are left out
 * @param options.directory - where CA and certificates are kept; default: {@link defaultDirectory}
 * @throws ConfigError `ERR_CONFIG_CERTIFICATE` if others may read the CA's key or write its directory (CWE-732)
 * @example const { files, trust } = await localCertificate({ names: ['shop.test'] })
 */
export async function localCertificate(options: {
  names: readonly string[];
  directory?: string | undefined;
}): Promise<LocalCertificate> {
  const directory = options.directory ?? defaultDirectory();
  await makeDirectory(directory);
  const authority = await openAuthority(directory);
  const names = [...new Set([...OWN_NAMES, ...options.names.filter(isLocalName)])].sort();
  const file = join(
    directory,
    `server-${createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 16)}.pem`,
  );
  if (!(await stillGood(file, authority.certificate, names))) {
    const leaf = await makeLeaf(authority.signer, names);
    await replaceFile(file, leaf.cert + leaf.key);
  }
  return {
    files: { cert: file, key: file },
    ca: authority.path,
    trust: trustHelp(authority.path),
    created: authority.created,
  };
}

/**
 * Where the local CA is kept unless a directory is named: the platform's place for a user's own data.
 *
 * @example defaultDirectory() // '/home/anna/.local/share/bulwark'
 */
export function defaultDirectory(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): string {
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'bulwark');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'bulwark');
  const data = env.XDG_DATA_HOME;
  // The XDG specification has relative paths ignored: they would depend on where the process was started.
  return join(data?.startsWith('/') ? data : join(homedir(), '.local', 'share'), 'bulwark');
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw refuse(
      `the directory ${directory} cannot be made`,
      'set https.local.directory to one that can be written',
      cause,
    );
  }
  await requirePrivate(directory, 0o022, `others may write ${directory}`, `chmod 700 ${directory}`);
}

interface Authority {
  readonly certificate: X509Certificate;
  readonly signer: Signer;
  readonly path: string;
  readonly created: boolean;
}

/** Key and certificate share a file, so that no process ever sees one without the other. */
async function openAuthority(directory: string): Promise<Authority> {
  const bundle = join(directory, 'ca-key.pem');
  let pem = await readIfThere(bundle);
  const created = pem === undefined && (await createAuthority(bundle));
  pem ??= await readFile(bundle, 'latin1');
  await requirePrivate(bundle, 0o077, `others may read the key of the local CA, ${bundle}`, `chmod 600 ${bundle}`);
  const { certificate, signer } = readAuthority(pem, bundle);
  const path = join(directory, 'ca.crt');
  const text = certificate.toString();
  if ((await readIfThere(path)) !== text) await replaceFile(path, text);
  return { certificate, signer, path, created };
}

function readAuthority(pem: string, bundle: string): { certificate: X509Certificate; signer: Signer } {
  const fix = `remove ${bundle}; the next start makes a new CA, which must be trusted anew`;
  let certificate: X509Certificate;
  try {
    certificate = checkPair(Buffer.from(pem), Buffer.from(pem), { cert: bundle, key: bundle }).leaf;
  } catch (cause) {
    throw refuse(`the local CA in ${bundle} cannot be read`, fix, cause);
  }
  const notAfter = new Date(certificate.validTo);
  if (notAfter.getTime() < Date.now() + RENEW_BEFORE)
    throw refuse(`the local CA in ${bundle} has expired or soon will`, fix);
  const commonName = certificate.subject.replace(/^CN=/, '');
  return {
    certificate,
    signer: { key: createPrivateKey(pem), publicKey: certificate.publicKey, commonName, notAfter },
  };
}

/** Whole or not at all, and never over another process's: `link` fails where the name is taken. */
async function createAuthority(bundle: string): Promise<boolean> {
  const { cert, key } = await makeAuthority(`Bulwark local CA ${randomBytes(4).toString('hex')}`);
  const temporary = await writeTemporary(bundle, cert + key);
  try {
    await link(temporary, bundle).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
      // A file system without hard links (FAT, some network shares): an exclusive copy is the next best.
      return copyFile(temporary, bundle, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function stillGood(file: string, authority: X509Certificate, names: readonly string[]): Promise<boolean> {
  const pem = await readIfThere(file);
  if (pem === undefined) return false;
  try {
    const { leaf } = checkPair(Buffer.from(pem), Buffer.from(pem), { cert: file, key: file });
    const covered = names.every((name) => coversName(leaf, name));
    return covered && leaf.verify(authority.publicKey) && Date.parse(leaf.validTo) - Date.now() > RENEW_BEFORE;
  } catch {
    return false;
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  await rename(await writeTemporary(path, text), path);
}

async function writeTemporary(path: string, text: string): Promise<string> {
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`;
  await writeFile(temporary, text, { mode: 0o600, flag: 'wx' });
  // The mode above passes through the umask, which can only take rights away; this gives the owner's back.
  await chmod(temporary, 0o600);
  return temporary;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw refuse(`${path} cannot be read`, `let this user read it, or set https.local.directory`, cause);
  }
}

async function requirePrivate(path: string, forbidden: number, message: string, fix: string): Promise<void> {
  // Windows has no such bits; a user's own data directory is private there by inheritance.
  if (process.platform === 'win32') return;
  const { mode, uid } = await stat(path);
  if ((mode & forbidden) !== 0)
    throw refuse(message, `${fix}; if it was readable for long, remove it and trust a new CA`);
  const self = process.getuid?.();
  // Root may use the CA of the user whose machine it is: it can read everything anyway.
  if (uid !== self && self !== 0)
    throw refuse(`${path} belongs to another user`, 'set https.local.directory to one of your own');
}

function refuse(message: string, fix: string, cause?: unknown): ConfigError {
  return new ConfigError('ERR_CONFIG_CERTIFICATE', { field: 'https.local', message, fix, cause });
}
