import { totalmem } from 'node:os';
import { type Argon2Parameters, FLOOR } from './argon2.ts';

/** RFC 9106's second recommendation has 64 MiB; more time is cheaper on a server than more memory. */
const MEMORIES = [FLOOR.memory, 32_768, 49_152, 65_536];
const MOST_PASSES = 10;

/** KiB times passes that an argon2 hash may cost, here or elsewhere: a second or so. libsodium's "moderate" has 786,432. */
export const MOST_WORK = 1_048_576;

/**
 * The parameters to choose from, from the floor upwards: first more memory, which is what a graphics card lacks, then more
 * passes. Few and fixed, so that two starts of one machine agree although no two measurements do.
 *
 * @param maxMemory - KiB that one hash may take
 */
export function rungs(maxMemory: number): readonly Argon2Parameters[] {
  const memories = MEMORIES.filter((memory, i) => i === 0 || memory <= maxMemory);
  const memory = memories[memories.length - 1] ?? FLOOR.memory;
  const passes = Array.from({ length: MOST_PASSES - FLOOR.time }, (_, i) => FLOOR.time + 1 + i);
  return [...memories.map((each) => ({ memory: each, time: FLOOR.time })), ...passes.map((time) => ({ memory, time }))];
}

/** How much work a hash is, for comparing. */
export function costOf({ memory, time }: Argon2Parameters): number {
  return memory * time;
}

/**
 * The most expensive parameters that stay within a time on this machine; never less than {@link FLOOR}. A machine that is
 * busy while it is measured is taken for a slow one: the hashes of that process are as strong as the floor at least, and
 * those that another process made stronger stay so.
 *
 * @param measure - milliseconds that one hash takes
 * @param target - milliseconds
 */
export async function calibrate(
  measure: (parameters: Argon2Parameters) => Promise<number>,
  target: number,
  maxMemory: number,
): Promise<Argon2Parameters> {
  // The first one pays for the memory and for the library's start.
  await measure(FLOOR);
  // Whatever else the machine does only adds to a time: the shorter of two is the truer one.
  const unit = Math.min(await measure(FLOOR), await measure(FLOOR)) / costOf(FLOOR);
  const hopeful = rungs(maxMemory).filter((rung) => costOf(rung) * unit <= target);
  // More memory than the caches hold costs more than in proportion: what was foreseen is tried.
  for (const rung of hopeful.slice(1).reverse()) {
    if ((await measure(rung)) <= target || (await measure(rung)) <= target) return rung;
  }
  return FLOOR;
}

/** Memory of the machine or of its container, in bytes. */
function availableMemory(): number {
  const total = totalmem();
  const constrained = process.constrainedMemory();
  // Node says 0 or an astronomical number where there is no limit.
  return constrained > 0 && constrained < total ? constrained : total;
}

/** KiB that one hash may take: all that run at once together an eighth of the memory. */
export function memoryPerHash(width: number, memory: number = availableMemory()): number {
  return Math.floor(memory / 8 / width / 1024);
}

/**
 * KiB that checking one stored hash may take. A row of the database must not be able to take the memory of the machine;
 * 64 MiB is what other libraries use by default, so less would lock people out.
 *
 * @param own - KiB of the hashes that are made here: they must be readable too
 */
export function memoryPerStored(width: number, own: number, memory: number = availableMemory()): number {
  return Math.max(65_536, own, Math.min(262_144, Math.floor(memory / 2 / width / 1024)));
}
