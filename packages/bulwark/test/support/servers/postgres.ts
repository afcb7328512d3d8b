import { chownSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type DatabaseServer, folderFor, freePort, randomPassword, runAs, startDatabase, userOf } from './database.ts';

/** The folder of its programs, handed over by scripts/test.ts; its own notice says if it is missing. */
export const POSTGRES: string | undefined = process.env.BULWARK_POSTGRES;

/**
 * Starts a PostgreSQL of this test's own on a free port, with one user, `app`, who has to give a password.
 *
 * @example const server = await startPostgres()
 */
export async function startPostgres(): Promise<DatabaseServer> {
  if (POSTGRES === undefined) throw new Error('BULWARK_POSTGRES is not set');
  // It refuses to run as root.
  const user = userOf('postgres');
  const folder = folderFor('postgres', user);
  const password = randomPassword();
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) chownSync(passwordFile, user.uid, user.gid);
  const data = join(folder, 'data');
  const login = ['-U', 'app', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
  await runAs(user, join(POSTGRES, 'initdb'), ['-D', data, ...login, '--no-sync', '--no-locale', '-E', 'UTF8']);
  rmSync(passwordFile);

  const port = await freePort();
  const url = `postgresql://app:${password}@127.0.0.1:${port}/postgres`;
  const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, 'fsync=off'];
  return startDatabase({
    command: join(POSTGRES, 'postgres'),
    args: ['-D', data, '-p', `${port}`, ...settings.flatMap((setting) => ['-c', setting])],
    user,
    folder,
    port,
    password,
    url,
    async answers() {
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
      } finally {
        await client.end();
      }
    },
  });
}
