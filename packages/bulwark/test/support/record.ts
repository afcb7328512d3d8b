import type { Check, Exchange, Probe, RunningFacts } from '../../src/check.ts';
import { send } from './http.ts';

/** Sends the probes of checks to a running app and records the answers: the facts that the checks judge. */
export async function record(url: string, checks: readonly Check[]): Promise<RunningFacts> {
  const probes = Object.assign({}, ...checks.map((check) => check.probes)) as Record<string, Probe>;
  const { origin, host } = new URL(url);
  const fill = (text: string): string =>
    text.replaceAll('{page}', '/').replaceAll('{origin}', origin).replaceAll('{host}', host);
  const exchanges: Record<string, Exchange> = {};
  for (const [name, probe] of Object.entries(probes)) {
    const answer = await send(url, {
      method: probe.method,
      target: fill(probe.path),
      headers: Object.fromEntries(Object.entries(probe.headers ?? {}).map(([key, value]) => [key, fill(value)])),
      ...(probe.body === undefined ? {} : { body: probe.body }),
    });
    const headers = Object.entries(answer.headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
    exchanges[name] = { probe, status: answer.status, headers: Object.fromEntries(headers), body: answer.body };
  }
  return { origin, exchanges };
}

/** The verdicts of checks on facts, by id: `{ 'cors/vary-missing': 'fail' }`. */
export function resultsOf(checks: readonly Check[], facts: RunningFacts): Record<string, string> {
  return Object.fromEntries(checks.map((check) => [check.id, check.judge(facts).result]));
}
