import { type Sent, send } from '../../support/http.ts';

/** What became of a request: its status, or that it was not answered within two seconds. */
export type Outcome = number | 'hangs';

/** How long a client of these tests waits. The declared bound is an eighth of it; the rest is for a busy machine. */
const PATIENCE = 2000;
const AT_ONCE = 10;

/** Requests from one address, at most ten at a time. */
export async function load(
  url: string,
  count: number,
  from: string,
  headers: Sent['headers'] = {},
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun++ < count)
      outcomes.push(await outcomeOf(url, { from, headers: { host: 'shop.example', ...headers } }));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return outcomes;
}

/** How often each came about. */
export function tally(outcomes: readonly Outcome[]): Partial<Record<Outcome, number>> {
  const counts: Partial<Record<Outcome, number>> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

async function outcomeOf(url: string, sent: Sent): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve('hangs'), PATIENCE);
  });
  const answer = send(url, sent).then(
    ({ status }) => status,
    // The test ends the server while a request still hangs.
    (): Outcome => 'hangs',
  );
  const outcome = await Promise.race([answer, patience]);
  clearTimeout(timer);
  return outcome;
}
