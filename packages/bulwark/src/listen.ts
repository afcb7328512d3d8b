import type { Services } from './context.ts';
import type { Gate, GateListening, GateListenOptions } from './gate.ts';
import type { ResolvedPolicy } from './policy.ts';
import { listen } from './practices/https/listen.ts';
import { applyToServer, serverOptions } from './practices/limits/index.ts';

const TLS_PORT = 8443;
const PLAIN_PORT = 8080;

/** Opens the server of a gate: TLS unless the policy says that somebody else ends it. */
export async function openListener(
  handler: Gate['handler'],
  policy: ResolvedPolicy,
  services: Services,
  options: GateListenOptions,
): Promise<GateListening> {
  const { given, mode, origins, off } = policy;
  const plain = off.has('https') || policy.proxy !== 'none' || origins.every((origin) => origin.startsWith('http:'));
  const { redirect, insecurePlainPaths, hsts, ...certificate } = given.https || {};
  void [redirect, insecurePlainPaths, hsts];
  const listening = await listen(
    handler,
    {
      ...certificate,
      origins,
      terminated: plain && certificate.cert === undefined,
      port: options.port ?? (plain ? PLAIN_PORT : TLS_PORT),
      host: options.host ?? (mode === 'production' ? '::' : '127.0.0.1'),
      http: options.http ?? false,
      serverOptions: off.has('limits') ? {} : serverOptions(given.limits || {}),
    },
    services,
  );
  if (!off.has('limits')) applyToServer(listening.server, given.limits || {});
  return listening;
}
