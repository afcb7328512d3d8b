import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rateLimitStoreContract } from '../../../test/support/rate-limit-store-contract.ts';
import { recordStoreContract } from '../../../test/support/record-store-contract.ts';
import { limitsUnderTest, recordsUnderTest } from '../../../test/support/sql-under-test.ts';
import { sqliteStores } from './sqlite.ts';

const { DatabaseSync } = process.getBuiltinModule('node:sqlite');

/** Two stores on one file, as two processes have them, and a third connection that looks on. */
function file() {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-sqlite-'));
  const path = join(folder, 'stores.sqlite');
  const all = [sqliteStores(path), sqliteStores(path)] as const;
  const onlooker = new DatabaseSync(path);
  return {
    all,
    execute: (text: string): void => onlooker.exec(text),
    async close() {
      for (const stores of all) await stores.close();
      onlooker.close();
      rmSync(folder, { recursive: true });
    },
  };
}

recordStoreContract('sqliteStores on one file, opened twice', () => {
  const { all, execute, close } = file();
  return recordsUnderTest(all, execute, close);
});

rateLimitStoreContract('sqliteStores on one file, opened twice', () => {
  const { all, execute, close } = file();
  return limitsUnderTest(all, execute, close);
});
