import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare } from './compare.ts';
import { startBenchRedis } from './growth/redis.ts';
import type { Plan } from './plan.ts';

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Runs Bulwark with everything on under load, and says where its processor time goes. */
export async function profile(where: string, plan: Plan, say: (line: string) => void): Promise<void> {
  if (where !== 'memory' && where !== 'redis') throw new Error('--profile takes memory or redis');
  const redis = where === 'redis' ? await startBenchRedis() : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-profile-'));
  const options = `--cpu-prof --cpu-prof-dir=${folder}`;
  try {
    const env = { NODE_OPTIONS: options, ...(redis && { REDIS_URL: redis.url }) };
    await compare([{ id: 'bulwark', server: 'bulwark', env, session: true, status: 200 }], { ...plan, rounds: 5 });
  } finally {
    await redis?.end();
  }
  const [file] = readdirSync(folder).map((name) => join(folder, name));
  if (file === undefined) throw new Error('no profile was written');
  say(`${file}\n\n${hottest(JSON.parse(readFileSync(file, 'utf8')) as Profile)}`);
}

function hottest({ nodes, samples, timeDeltas }: Profile): string {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const file = url.split(/node_modules\/|\/dist\//).at(-1) ?? '';
      return [id, `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`];
    }),
  );
  const times = new Map<string, number>();
  let all = 0;
  for (const [i, id] of samples.entries()) {
    const name = names.get(id) ?? '';
    if (name.startsWith('(idle)')) continue;
    const taken = timeDeltas[i] ?? 0;
    all += taken;
    times.set(name, (times.get(name) ?? 0) + taken);
  }
  const first = [...times].toSorted((a, b) => b[1] - a[1]).slice(0, 40);
  return first.map(([name, taken]) => `${((100 * taken) / all).toFixed(1).padStart(5)} %  ${name}`).join('\n');
}
