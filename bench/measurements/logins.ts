import { Agent, request } from 'node:http';
import { availableParallelism } from 'node:os';
import { start } from '../children.ts';
import type { Measurement } from '../measurement.ts';
import { PASSWORD } from '../processes/password.ts';
import { spreadOf } from '../spread.ts';

/** Log-ins that are always under way: more than there are cores, so that some wait. */
const AT_ONCE = 8 * availableParallelism();
/** Milliseconds: each question takes processor time from the log-ins, on a machine whose cores are all at work. */
const HEALTH_EVERY = 50;
const HEALTH_GOAL = 10;

/** Log-ins per second of a whole app against the raw hash rate, and how long others wait meanwhile. */
export const logins: Measurement = {
  id: 'logins',
  title: 'Log-ins against the raw hash rate of the machine',
  async run(plan) {
    const app = start('./processes/logins.ts', undefined);
    const raw = start('./processes/raw-hashes.ts', undefined);
    const agent = new Agent({ keepAlive: true });
    try {
      const { port } = await app.hear<{ port: number }>();
      const ms = plan.quick ? 1000 : 2000;
      await logInFor(ms, port, agent);
      const ratios: number[] = [];
      const waits: number[] = [];
      for (let n = 0; n < (plan.quick ? 3 : 9); n++) {
        const most = await raw.ask<{ hashes: number; ms: number }>(ms);
        const got = await logInFor(ms, port, agent);
        ratios.push(got.logins / got.ms / (most.hashes / most.ms));
        waits.push(...got.waits);
      }
      const sorted = waits.toSorted((a, b) => a - b);
      const p99 = sorted[Math.floor(0.99 * sorted.length)] as number;
      const p50 = sorted[Math.floor(0.5 * sorted.length)] as number;
      return [
        {
          id: 'logins',
          title: 'log-ins per second, of the raw hash rate',
          ...spreadOf(ratios),
          goal: { atLeast: 0.95 },
        },
        {
          id: 'loginsHealth',
          title: 'p99 of GET /healthz meanwhile, of 10 ms',
          ratio: p99 / HEALTH_GOAL,
          low: p50 / HEALTH_GOAL,
          high: p99 / HEALTH_GOAL,
          goal: { atMost: 1 },
          note: `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; every core hashes, and the load is on the same machine`,
        },
      ];
    } finally {
      agent.destroy();
      await Promise.all([app.end(), raw.end()]);
    }
  },
};

interface LoggedIn {
  readonly logins: number;
  readonly ms: number;
  /** Milliseconds that each GET /healthz took. */
  readonly waits: readonly number[];
}

async function logInFor(ms: number, port: number, agent: Agent): Promise<LoggedIn> {
  const from = performance.now();
  const isOver = (): boolean => performance.now() - from >= ms;
  const waits: number[] = [];
  let logins = 0;
  const body = JSON.stringify({ password: PASSWORD });
  const client = async (): Promise<void> => {
    while (!isOver()) {
      await ask(port, agent, 'POST', '/login', body);
      logins += 1;
    }
  };
  const watcher = async (): Promise<void> => {
    while (!isOver()) {
      const asked = performance.now();
      await ask(port, agent, 'GET', '/healthz');
      waits.push(performance.now() - asked);
      await new Promise((resolve) => setTimeout(resolve, HEALTH_EVERY));
    }
  };
  const watching = watcher();
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  const taken = performance.now() - from;
  await watching;
  return { logins, ms: taken, waits };
}

function ask(port: number, agent: Agent, method: string, path: string, body = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      Host: 'bench.example',
      'X-Forwarded-For': '203.0.113.1',
      'X-Forwarded-Proto': 'https',
      'Sec-Fetch-Site': 'same-origin',
      ...(body === '' ? {} : { 'Content-Type': 'application/json', 'Content-Length': body.length }),
    };
    const asking = request({ host: '127.0.0.1', port, agent, method, path, headers }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${method} ${path} was answered with ${response.statusCode}`));
      });
    });
    asking.on('error', reject);
    asking.end(body);
  });
}
