/** argon2id and nothing else, with as many at once as there are cores: what this machine can do. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { PARAMETERS, PASSWORD } from './password.ts';

type Argon2 = typeof import('@node-rs/argon2');

/** Verifies until the time is over; how many, and how long it took. */
async function hashFor(ms: number): Promise<{ readonly hashes: number; readonly ms: number }> {
  // The library's own dependency: it is not one of the bench.
  const require = createRequire(import.meta.resolve('bulwark/package.json'));
  const argon2 = require('@node-rs/argon2') as Argon2;
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
