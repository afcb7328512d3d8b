/**
 * A process that issues and verifies tokens on a store that others share. Arguments: kind of the store, address, name of the
 * ring. Each line that comes in is a question, and gets one line.
 */
import { createInterface } from 'node:readline';
import { Secret } from '../../src/practices/secrets/secret.ts';
import { TokenError, tokens } from '../../src/practices/tokens/index.ts';
import { redisStores } from '../../src/stores/redis/index.ts';
import { mysqlStores } from '../../src/stores/sql/mysql.ts';
import { postgresStores } from '../../src/stores/sql/postgres.ts';
import { sqliteStores } from '../../src/stores/sql/sqlite.ts';
import type { Stores } from '../../src/stores/stores.ts';

const [kind = '', address = '', ring = ''] = process.argv.slice(2);
const TIMEOUT = 10_000;
let ahead = 0;

function open(): Stores {
  if (kind === 'redis') return redisStores(address, { timeout: TIMEOUT });
  if (kind === 'postgres') return postgresStores(address, { timeout: TIMEOUT });
  return kind === 'mysql'
    ? mysqlStores(address, { timeout: TIMEOUT })
    : sqliteStores(address, { busyTimeout: TIMEOUT });
}

const stores = open();
const { service } = tokens(
  {
    issuer: 'https://shop.example',
    audience: 'https://shop.example',
    encryptionKey: Secret.of('b7f3a1c95e0d48629ab1fe7730c4d5e6f81290ab34cd56ef7890a1b2c3d4e5f6'),
    keys: { ring },
    store: stores.records,
    now: () => Date.now() + ahead,
  },
  { emit: () => undefined, mode: 'production' },
);

async function answer(question: string): Promise<string> {
  const [verb = '', given = ''] = question.split(' ');
  switch (verb) {
    case 'issue':
      ahead = Number(given) * 86_400_000;
      return (await service.issue({ sub: 'ann' })).accessToken;
    case 'verify':
      return String((await service.verify(given)).sub);
    case 'login':
      return (await service.issue({ sub: 'ann' }, { refresh: true })).refreshToken;
    case 'refresh':
      return (await service.refresh(given)).refreshToken;
    case 'revoke':
      return String(await service.revoke({ token: given }));
    case 'kids':
      return JSON.stringify((await service.jwks())?.keys.map(({ kid }) => kid));
    default:
      throw new Error(`no such question: ${verb}`);
  }
}

await stores.ready();
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  console.log(await answer(line).catch((error: unknown) => (error instanceof TokenError ? error.fault : 'failed')));
}
await stores.close();
