import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type Gate, loginThrottle } from 'bulwark';
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

/** The id of the user whose name and password these are; undefined for any other. It takes as long for both. */
export type SignIn = (
  req: IncomingMessage,
  res: ServerResponse,
  name: string,
  password: string,
) => Promise<string | undefined>;

/**
 * Signing in, by page or by API: one throttle slows guesses down, whichever way they come.
 *
 * @example const signIn = signInOf(gate, owner)
 */
export function signInOf(gate: Gate, owner: Owner): SignIn {
  const throttle = loginThrottle();
  return async (req, res, name, password) => {
    const found = await throttle.guard(req, res, {
      account: name,
      find: () => (name === OWNER ? owner : undefined),
      verify: (user) => gate.passwords.verify(password, user?.hash),
    });
    return found === undefined ? undefined : OWNER;
  };
}
