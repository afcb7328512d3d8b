import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Check, Exchange, Probe, RunningFacts, Verdict } from './check.ts';
import { CHECKS } from './checks.ts';
import type { CoverageRow } from './coverage.ts';
import type { Gate, GateListening } from './gate.ts';
import { isPlainObject } from './options.ts';
import { hostOf } from './origins.ts';
import { PRACTICE_IDS, type PracticeId } from './pipeline.ts';
import type { ResolvedPolicy } from './policy.ts';
import { rawUses } from './practices/input/index.ts';
import { serverOptions } from './practices/limits/index.ts';
import { serverFacts } from './practices/limits/server.ts';
import type { PasswordsReport } from './practices/passwords/index.ts';
import type { SecretsReport } from './practices/secrets/index.ts';
import type { SessionsReport } from './practices/sessions/index.ts';

/** One check that did not pass. */
export interface SelfTestFinding {
  /** The check's id: `headers/csp-missing`. */
  readonly id: Check['id'];
  readonly severity: Check['severity'];
  readonly title: string;
  readonly message: string;
}

/** What the self-test found. */
export interface SelfTestReport {
  /** True if nothing was found but escape hatches in use, which are listed with the severity `info`. */
  readonly passed: boolean;
  readonly findings: readonly SelfTestFinding[];
  /** Every check's result, by id. */
  readonly results: Readonly<Record<string, Verdict['result']>>;
}

/** What is tested. */
export interface SelfTestTarget {
  readonly handler: Gate['handler'];
  readonly policy: ResolvedPolicy;
  readonly listening: GateListening | undefined;
  /** Sent with each probe, so that the gate knows its own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly coverage: readonly CoverageRow[];
  readonly secrets: SecretsReport | undefined;
  readonly tokens: NonNullable<RunningFacts['inside']>['tokens'];
  readonly passwords: PasswordsReport | undefined;
  readonly sessions: SessionsReport | undefined;
  readonly access: NonNullable<RunningFacts['inside']>['access'];
}

const PROBE_TIMEOUT = 5000;

/** Sends every probe once over loopback, and judges the answers with every check. */
export async function selfTest(target: SelfTestTarget): Promise<SelfTestReport> {
  const facts = await collectFacts(target);
  const verdicts = CHECKS.map((check) => ({ check, verdict: check.judge(facts) }));
  const findings = verdicts
    .filter(({ verdict }) => verdict.result === 'fail')
    .map(({ check, verdict }) => ({
      id: check.id,
      severity: check.severity,
      title: check.title,
      message: verdict.message ?? check.title,
    }));
  return {
    passed: findings.every(({ severity }) => severity === 'info'),
    findings,
    results: Object.fromEntries(verdicts.map(({ check, verdict }) => [check.id, verdict.result])),
  };
}

async function collectFacts(target: SelfTestTarget): Promise<RunningFacts> {
  const origin = target.policy.origins[0] ?? 'https://localhost';
  const tls = await open(target, true);
  const plain = await open(target, false);
  const exchanges: Record<string, Exchange | undefined> = {};
  try {
    for (const [name, probe] of probes()) {
      const at = probe.over === 'plain' ? plain : tls;
      exchanges[name] = await send(probe, at, origin, target.headers);
    }
  } finally {
    await Promise.all([tls.close(), plain.close()]);
  }
  const server = target.listening?.server ?? tls.server;
  return {
    origin,
    exchanges,
    inside: {
      server: {
        headersTimeout: server.headersTimeout,
        requestTimeout: server.requestTimeout,
        keepAliveTimeout: server.keepAliveTimeout,
        maxConnections: server.maxConnections,
        connectionsCheckingInterval: (server as { connectionsCheckingInterval?: number }).connectionsCheckingInterval,
        ...serverFacts(server),
      },
      off: [...target.policy.off],
      monitored: [...target.policy.monitored],
      unused: [...target.policy.unused],
      ...(target.access === undefined ? {} : { access: target.access }),
      ...(target.tokens === undefined ? {} : { tokens: target.tokens }),
      ...(target.secrets === undefined ? {} : { secrets: target.secrets }),
      ...(target.passwords === undefined ? {} : { passwords: target.passwords }),
      ...(target.sessions === undefined ? {} : { sessions: target.sessions }),
      requestLines: hasRequestLines(target.policy),
      hatches: hatchesOf(target),
    },
  };
}

/** Every probe of every check, each name once. */
function probes(): Map<string, Probe> {
  return new Map(CHECKS.flatMap((check) => Object.entries(check.probes)));
}

interface Target {
  readonly server: http.Server;
  readonly port: number;
  readonly secure: boolean;
  close(): Promise<void>;
}

/**
 * The listening server where it is the one that browsers reach; else one of the self-test's own, on a free loopback
 * port, whose connections count as TLS where a probe asks for it.
 */
async function open(target: SelfTestTarget, tls: boolean): Promise<Target> {
  const { listening } = target;
  if (tls && listening?.url.startsWith('https:')) {
    return { server: listening.server, port: listening.port, secure: true, close: async () => undefined };
  }
  const options = target.policy.off.has('limits') ? {} : serverOptions(target.policy.given.limits || {});
  const server = http.createServer(options, target.handler);
  if (tls) server.on('connection', (socket) => void Object.assign(socket, { encrypted: true }));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { server, port: (server.address() as AddressInfo).port, secure: false, close };
}

/** One probe, on a connection of its own; undefined where the app gave no HTTP answer. */
function send(
  probe: Probe,
  at: Target,
  origin: string,
  extra: Readonly<Record<string, string>>,
): Promise<Exchange | undefined> {
  const fill = (text: string): string =>
    text.replaceAll('{origin}', origin).replaceAll('{host}', hostOf(origin)).replaceAll('{page}', '/');
  const headers: Record<string, string> = { host: hostOf(origin), ...extra };
  for (const [name, value] of Object.entries(probe.headers ?? {})) headers[name.toLowerCase()] = fill(value);
  const body = probe.body === undefined ? undefined : Buffer.from(probe.body);
  if (body !== undefined) headers['content-length'] = String(body.length);
  return new Promise((resolve) => {
    const request = (at.secure ? https : http).request(
      {
        host: '127.0.0.1',
        port: at.port,
        method: probe.method,
        path: fill(probe.path),
        headers,
        agent: false,
        timeout: PROBE_TIMEOUT,
        // It asks its own port on this machine; whether strangers trust the certificate is another check's matter.
        ...(at.secure ? { rejectUnauthorized: false, servername: new URL(origin).hostname } : {}),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => resolve(undefined));
        response.on('end', () => {
          const seen: Record<string, string | readonly string[]> = {};
          for (const [name, value] of Object.entries(response.headers)) if (value !== undefined) seen[name] = value;
          resolve({
            probe,
            status: response.statusCode ?? 0,
            headers: seen,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
    request.end(body);
  });
}

function hasRequestLines({ off, given }: ResolvedPolicy): boolean {
  return !off.has('logging') && (typeof given.logging !== 'object' || given.logging.level !== false);
}

type Hatch = NonNullable<RunningFacts['inside']>['hatches'][number];

/** The escape hatches in use: `dangerously…` and `insecure…` settings and calls, and every exemption of a route. */
function hatchesOf({ policy, coverage }: SelfTestTarget): Hatch[] {
  const exempt = coverage.flatMap(({ method, path, practices }) =>
    PRACTICE_IDS.filter((id) => practices[id].state === 'exempt' && id !== 'access' && !policy.unused.has(id)).map(
      (practice) => ({
        practice,
        what: `exempt('${practice}') on ${method} ${path}`,
        ...(practices[practice].reason === undefined ? {} : { reason: practices[practice].reason }),
      }),
    ),
  );
  return [
    ...exempt,
    // Known only once a page with it has been rendered; the audit finds the name in the source.
    ...rawUses().map(({ reason, count }) => ({
      practice: 'input' as const,
      what: `dangerouslyRaw() ${count} ${count === 1 ? 'time' : 'times'}`,
      reason,
    })),
    ...namedHatches('client', policy.given.proxy, 'proxy'),
    ...PRACTICE_IDS.flatMap((id) => namedHatches(id, policy.given[keyOf(id)], keyOf(id))),
  ];
}

function keyOf(id: PracticeId): 'rateLimit' | Exclude<PracticeId, 'rate-limit'> {
  return id === 'rate-limit' ? 'rateLimit' : id;
}

function namedHatches(practice: PracticeId, value: unknown, path: string, above: readonly unknown[] = []): Hatch[] {
  // A stream or a logger in the policy is no setting, and what is one may hold itself.
  if (!isPlainObject(value) || above.includes(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    /^(dangerously|insecure)[A-Z]/.test(key) && inner !== false && inner !== undefined
      ? namedHatch(practice, inner, `${path}.${key}`)
      : namedHatches(practice, inner, `${path}.${key}`, [...above, value]),
  );
}

/** A list says what it lets pass, and an object of texts why. */
function namedHatch(practice: PracticeId, value: unknown, path: string): Hatch[] {
  if (isPlainObject(value)) {
    return Object.entries(value).map(([name, reason]) => ({
      practice,
      what: `${path}: ${name}`,
      ...(typeof reason === 'string' && { reason }),
    }));
  }
  if (!Array.isArray(value)) return [{ practice, what: path }];
  return value.map((item) => ({ practice, what: `${path}: ${String(item)}` }));
}
