/** argon2id and nothing else, with as many at once as there are cores: what this machine can do. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { PARAMETERS, PASSWORD } from './password.ts';

/** What is used of the library, which is a dependency of Bulwark and not of the bench. */
interface Argon2 {
  hash(password: string, options: object): Promise<string>;
  verify(hash: string, password: string): Promise<boolean>;
}

const LIBRARY = '@node-rs/argon2';

/** Verifies until the time is over; how many, and how long it took. */
async function hashFor(ms: number): Promise<{ readonly hashes: number; readonly ms: number }> {
  const argon2 = createRequire(import.meta.resolve('bulwark/package.json'))(LIBRARY) as Argon2;
  const { memory, time } = PARAMETERS;
  const stored = await argon2.hash(PASSWORD, { algorithm: 2, memoryCost: memory, timeCost: time, parallelism: 1 });
  let hashes = 0;
  const from = performance.now();
  const work = async (): Promise<void> => {
    while (performance.now() - from < ms) {
      if (!(await argon2.verify(stored, PASSWORD))) throw new Error('the password is right');
      hashes += 1;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return { hashes, ms: performance.now() - from };
}

process.on('message', (ms: number) => void hashFor(ms).then((done) => process.send?.(done)));
process.on('disconnect', () => process.exit());
