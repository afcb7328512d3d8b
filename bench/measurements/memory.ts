import { start } from '../children.ts';
import type { Measurement, Row } from '../measurement.ts';
import type { MemoryUsed } from '../processes/memory.ts';

const MEGABYTE = 1e6;
const GOAL = 60;
const MORE = 1_000_000;

/** Memory of 100,000 sessions and of 100,000 limiter keys, and whether a million more push it up. */
export const memory: Measurement = {
  id: 'stores',
  title: 'Memory per 100,000 entries, against 60 MB',
  async run(plan) {
    const more = plan.quick ? MORE / 5 : MORE;
    return [
      await rowOf('sessions', 'logged-in sessions without data of the app', more),
      await rowOf('limits', 'limited clients', more),
    ];
  },
};

async function rowOf(kind: string, title: string, more: number): Promise<Row> {
  const child = start('./processes/memory.ts', 0);
  try {
    const { filled, flooded, kept } = await child.ask<MemoryUsed>({ kind, more });
    const [first, most] = [filled / MEGABYTE / GOAL, Math.max(filled, flooded) / MEGABYTE / GOAL];
    const megabytes = (bytes: number): string => `${(bytes / MEGABYTE).toFixed(0)} MB`;
    return {
      id: `${kind}Memory`,
      title: `memory of 100,000 ${title}, of 60 MB`,
      ratio: most,
      low: first,
      high: most,
      goal: { atMost: 1 },
      note: `${megabytes(filled)}; after ${more.toLocaleString('en')} more ${megabytes(flooded)}, with ${kept.toLocaleString('en')} kept`,
    };
  } finally {
    await child.end();
  }
}
