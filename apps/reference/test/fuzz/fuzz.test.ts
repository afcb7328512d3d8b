import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MeasuredChild, type Report, startMeasured } from '../support/measured-child.ts';
import { Clients } from './clients.ts';
import { CANARY, type FuzzedRequest, requests } from './requests.ts';

const RUNS = 400;
const AT_ONCE = 50;
const INJECTED = `SELECT secret FROM users: ${CANARY}`;

/** What an answer must not show, whatever was asked. */
const LEAKS = new RegExp(`${CANARY}|node_modules|\\.ts:\\d|at .*\\(node:|SQLITE_|SELECT secret`);

describe('20,000 generated requests', () => {
  let child: MeasuredChild;
  let clients: Clients;
  const statuses = new Map<number, number>();

  beforeAll(async () => {
    child = await startMeasured({ INJECTED });
    clients = new Clients(child.port, child.ca);
  });
  afterAll(async () => {
    clients?.close();
    await child?.close();
  });

  const ask = async (request: FuzzedRequest): Promise<string | undefined> => {
    const { status, text } = await clients.send(request);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    // Only what fails on purpose may fail, and it tells nothing either. A machine that is too slow for the run sheds some (503).
    if (status >= 500 && status !== 503 && !/^\/inject(?:\/late)?(?:\?|$)/.test(request.target))
      return `${what(request)} answered ${status}`;
    const leak = LEAKS.exec(text)?.[0];
    return leak === undefined ? undefined : `${what(request)} leaks ${leak}`;
  };

  it('are answered: no failure but the injected ones, no hang, no leak; memory and event loop stay bounded', async () => {
    // What the code needs to be compiled and its caches filled is no growth.
    const warmUp = fc.sample(requests, { numRuns: 500, seed: 1 });
    while (warmUp.length > 0) await Promise.all(warmUp.splice(0, AT_ONCE).map(ask));
    const before = await child.report();

    const batch = fc.array(requests, { minLength: AT_ONCE, maxLength: AT_ONCE });
    await fc.assert(
      fc.asyncProperty(batch, async (sent) => {
        const failures = await Promise.all(sent.map(ask));
        expect(failures.filter((failure) => failure !== undefined)).toEqual([]);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    const after = await child.report();

    expect(child.alive()).toBe(true);
    const sum = [...statuses.values()].reduce((total, count) => total + count, 0);
    expect(sum).toBeGreaterThanOrEqual(RUNS * AT_ONCE);
    // Each way out was taken: the run means something.
    for (const status of [200, 201, 204, 303, 400, 403, 404, 405, 413, 415, 421, 500])
      expect([...statuses.keys()]).toContain(status);
    for (const status of [0, 503]) expect(statuses.get(status) ?? 0).toBeLessThan(sum / 20);
    expectBounded(before, after);
    if (process.env.BULWARK_FIGURES !== undefined)
      console.log({ statuses: Object.fromEntries(statuses), before, after });
  }, 240_000);

  it('leave no canary in what the server wrote', async () => {
    await child.close();
    const folder = join(child.dataDir, 'logs');
    const logs = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
    expect(logs.join('').split('\n').length).toBeGreaterThan(1000);
    expect(logs.filter((log) => log.includes(CANARY))).toEqual([]);
    expect(child.written()).not.toContain(CANARY);
    for (const line of logs
      .join('')
      .split('\n')
      .filter((text) => text !== ''))
      expect(() => void JSON.parse(line)).not.toThrow();
  });
});

const what = ({ method, target }: FuzzedRequest): string => `${method} ${target.slice(0, 200)}`;

function expectBounded(before: Report, after: Report): void {
  expect(after.heapUsed).toBeLessThan(before.heapUsed * 2 + 32 * 1024 ** 2);
  expect(after.rss).toBeLessThan(before.rss * 2 + 64 * 1024 ** 2);
  // A bound for what one request may cost the others, far above what a busy machine adds.
  expect(after.maxMs).toBeLessThan(2000);
}
