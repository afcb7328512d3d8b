import type { Services } from './context.ts';
import type { MessageClasses } from './express/messages.ts';
import type { Gate, GateListening, GateListenOptions } from './gate.ts';
import type { ResolvedPolicy } from './policy.ts';
import { listen } from './practices/https/listen.ts';
import { serverOptions } from './practices/limits/index.ts';
import { applyInGate } from './practices/limits/server.ts';

/** Opens the server of a gate: TLS unless the policy says that somebody else ends it. */
export async function openListener(
  handler: Gate['handler'],
  messages: MessageClasses,
  policy: ResolvedPolicy,
  services: Services,
  options: GateListenOptions,
): Promise<GateListening> {
  const { given, origins, off } = policy;
  const limits = off.has('limits') ? undefined : (given.limits ?? {});
  const { local, ...listening } = await listen(
    handler,
    {
      ...(given.https === false ? undefined : given.https),
      ...options,
      origins: [...origins],
      terminated: off.has('https') || policy.proxy !== 'none',
      serverOptions: { ...messages, ...(limits === undefined || limits === false ? {} : serverOptions(limits)) },
    },
    services,
  );
  if (limits) {
    const ofGate = { ...limits, proxy: policy.proxy };
    const reportOnly = policy.monitored.has('limits');
    for (const server of [listening.server, listening.httpServer]) {
      if (server) applyInGate(server, ofGate, services, reportOnly);
    }
  }
  return { ...listening, ...(local === undefined ? {} : { ca: local.ca, trust: local.trust }) };
}
