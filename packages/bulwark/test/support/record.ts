import type { Server } from 'node:http';
import type { Check, Exchange, Probe, RunningFacts } from '../../src/check.ts';
import { serverFacts } from '../../src/practices/limits/server.ts';
import { send } from './http.ts';

/**
 * Sends the probes of checks to a running app and records the answers: the facts that the checks judge.
 *
 * @param from.ca - an authority to trust, PEM
 * @param from.server - the server itself, for checks that look inside
 */
export async function record(
  url: string,
  checks: readonly Check[],
  from: { readonly ca?: string; readonly server?: Server } = {},
): Promise<RunningFacts> {
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
      ...(from.ca === undefined ? {} : { ca: from.ca }),
    });
    const headers = Object.entries(answer.headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
    exchanges[name] = { probe, status: answer.status, headers: Object.fromEntries(headers), body: answer.body };
  }
  const inside = { off: [], monitored: [], hatches: [] };
  return from.server === undefined
    ? { origin, exchanges }
    : { origin, exchanges, inside: { ...inside, server: factsOf(from.server) } };
}

function factsOf(server: Server): NonNullable<NonNullable<RunningFacts['inside']>['server']> {
  const { headersTimeout, requestTimeout, keepAliveTimeout } = server;
  const { connectionsCheckingInterval } = server as { connectionsCheckingInterval?: number };
  const maxConnections = server.maxConnections as number | undefined;
  const known = { headersTimeout, requestTimeout, keepAliveTimeout, maxConnections, connectionsCheckingInterval };
  return { ...known, ...serverFacts(server) };
}

/** The verdicts of checks on facts, by id: `{ 'cors/vary-missing': 'fail' }`. */
export function resultsOf(checks: readonly Check[], facts: RunningFacts): Record<string, string> {
  return Object.fromEntries(checks.map((check) => [check.id, check.judge(facts).result]));
}
