import { chownSync, existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { type DatabaseServer, folderFor, freePort, randomPassword, runAs, startDatabase, userOf } from './database.ts';

/** The server's binary, handed over by scripts/test.ts; its own notice says if it is missing. */
export const MARIADB: string | undefined = process.env.BULWARK_MARIADB;

/**
 * Starts a MariaDB of this test's own on a free port, with one user, `app`, who has to give a password, and a database
 * `app` with a collation that does not tell `a` from `A`: MariaDB's usual one.
 *
 * @example const server = await startMariadb()
 */
export async function startMariadb(): Promise<DatabaseServer> {
  if (MARIADB === undefined) throw new Error('BULWARK_MARIADB is not set');
  const user = userOf('mysql');
  const folder = folderFor('mariadb', user);
  const data = join(folder, 'data');
  const password = randomPassword();
  await runAs(user, installer(MARIADB), [
    '--no-defaults',
    `--datadir=${data}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ]);
  const init = join(folder, 'init.sql');
  const statements = [
    'CREATE DATABASE IF NOT EXISTS app CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci',
    `CREATE USER IF NOT EXISTS app@'127.0.0.1' IDENTIFIED BY '${password}'`,
    "GRANT ALL ON app.* TO app@'127.0.0.1' WITH GRANT OPTION",
    "GRANT CREATE USER ON *.* TO app@'127.0.0.1'",
    `ALTER USER root@localhost IDENTIFIED BY '${password}'`,
  ];
  writeFileSync(init, statements.map((statement) => `${statement};\n`).join(''), { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) chownSync(init, user.uid, user.gid);

  const port = await freePort();
  const url = `mysql://app:${password}@127.0.0.1:${port}/app`;
  return startDatabase({
    command: MARIADB,
    args: [
      '--no-defaults',
      `--datadir=${data}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(folder, 'socket')}`,
      `--pid-file=${join(folder, 'pid')}`,
      `--init-file=${init}`,
      '--skip-name-resolve',
      '--skip-log-bin',
      '--innodb-flush-method=nosync',
      '--innodb-buffer-pool-size=64M',
    ],
    user,
    folder,
    port,
    password,
    url,
    async answers() {
      const connection = await createConnection({ uri: url, connectTimeout: 1000 });
      await connection.end();
    },
  });
}

/** Debian has the server in sbin and its installer in bin; an archive from the project has it in scripts. */
function installer(server: string): string {
  const name = 'mariadb-install-db';
  const folders = [dirname(server), join(dirname(server), '../bin'), join(dirname(server), '../scripts')];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? name;
}
