import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashPassword } from 'bulwark/passwords';
import type { Environment } from './environment.ts';

/** The name that the one user of this server signs in with. */
export const OWNER = 'owner';

/** The one user of this server: who may see and end sessions, and get tokens. */
export interface Owner {
  /** The hash of the password; undefined where nobody can sign in. */
  readonly hash: string | undefined;
  /** The password, where it was made just now: shown once, by the start message. */
  readonly made?: string;
}

/**
 * The owner's password: that of OWNER_PASSWORD; else, outside production, one that is made at the first start and of which
 * only the hash is kept.
 *
 * @example const owner = await openOwner(environment)
 */
export async function openOwner({ dataDir, production, ownerPassword }: Environment): Promise<Owner> {
  if (ownerPassword !== undefined) return { hash: await hashPassword(ownerPassword.reveal()) };
  const file = join(dataDir, 'owner.hash');
  if (existsSync(file)) return { hash: readFileSync(file, 'utf8').trim() };
  if (production) return { hash: undefined };
  const made = randomBytes(15).toString('base64url');
  const hash = await hashPassword(made);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(file, `${hash}\n`, { mode: 0o600, flag: 'wx' });
  return { hash, made };
}
