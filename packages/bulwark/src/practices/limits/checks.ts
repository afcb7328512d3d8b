import { type Check, expectThat, onExchange, type RunningFacts, type Verdict } from '../../check.ts';

type ServerFacts = NonNullable<NonNullable<RunningFacts['inside']>['server']>;

function onServer(facts: RunningFacts, judge: (server: ServerFacts) => Verdict): Verdict {
  const server = facts.inside?.server;
  return server === undefined
    ? { result: 'unknown', message: "only the process itself can say what its server's limits are" }
    : judge(server);
}

/** Node's own value or laxer; 0 means "no limit". */
function isLax(value: number, nodeDefault: number): boolean {
  return !(value > 0) || value >= nodeDefault;
}

export const checks: readonly Check[] = [
  {
    id: 'limits/timeouts-default',
    severity: 'medium',
    confidence: 'high',
    title: "The server's timeouts are Node's defaults, or off",
    cwe: [400, 770],
    asvs: ['15.2.2'],
    probes: {},
    judge: (facts) =>
      onServer(facts, ({ headersTimeout, requestTimeout, connectionsCheckingInterval }) => {
        const lax = [
          isLax(headersTimeout, 60_000) ? `headersTimeout ${headersTimeout} ms` : '',
          isLax(requestTimeout, 300_000) ? `requestTimeout ${requestTimeout} ms` : '',
          connectionsCheckingInterval !== undefined && isLax(connectionsCheckingInterval, 30_000)
            ? `connectionsCheckingInterval ${connectionsCheckingInterval} ms`
            : '',
        ].filter((found) => found !== '');
        if (lax.length === 0 && connectionsCheckingInterval === undefined) {
          return { result: 'unknown', message: 'the server does not say how often it looks at its timeouts' };
        }
        return expectThat(
          lax.length === 0,
          `${lax.join(', ')}: a few clients that send a byte at a time hold connections for minutes. Make the server with serverOptions(), or let gate.listen() make it.`,
        );
      }),
  },
  {
    id: 'limits/no-connection-limit',
    severity: 'low',
    confidence: 'high',
    title: 'The server takes any number of connections',
    cwe: [770],
    asvs: ['15.2.2'],
    probes: {},
    judge: (facts) =>
      onServer(facts, ({ maxConnections }) =>
        expectThat(
          maxConnections !== undefined && maxConnections > 0 && Number.isFinite(maxConnections),
          'maxConnections is not set: open connections take memory and file descriptors until the process fails. Hand the server to applyToServer(), or let gate.listen() make it.',
        ),
      ),
  },
  {
    id: 'limits/no-client-limit',
    severity: 'medium',
    confidence: 'high',
    title: 'One client may take every connection',
    cwe: [400, 770],
    asvs: ['15.2.2'],
    probes: {},
    judge: (facts) =>
      onServer(facts, ({ maxConnectionsPerClient }) =>
        expectThat(
          maxConnectionsPerClient !== undefined,
          'nobody counts the connections of a client: one machine can take all that the server has. Hand the server to applyToServer(), or let gate.listen() make it.',
        ),
      ),
  },
  {
    id: 'limits/no-handler-timeout',
    severity: 'low',
    confidence: 'high',
    title: 'A handler may take for ever',
    cwe: [400, 770],
    asvs: ['15.2.2'],
    probes: {},
    judge: (facts) =>
      onServer(facts, ({ handlerTimeout }) =>
        expectThat(
          handlerTimeout !== undefined,
          'a handler that never answers (a query that hangs, a callback that is forgotten) keeps its connection and its memory, and its client waits. Mount limits(), or leave it on in the policy.',
        ),
      ),
  },
  {
    id: 'limits/no-shedding',
    severity: 'low',
    confidence: 'high',
    title: 'An overloaded process goes on taking everything',
    cwe: [400, 770],
    asvs: ['15.2.2'],
    probes: {},
    judge: (facts) =>
      onServer(facts, ({ shedsLoad }) =>
        expectThat(
          shedsLoad,
          'under pressure every request is queued until the process dies or all clients have given up, health checks among them. Mount limits(), and leave limits.pressure on.',
        ),
      ),
  },
  {
    id: 'limits/absolute-target-accepted',
    severity: 'medium',
    confidence: 'high',
    title: 'A request target that names another host than Host is accepted',
    cwe: [444, 20],
    asvs: ['4.2.1'],
    probes: { absoluteTarget: { method: 'GET', path: 'http://absolute-target.invalid/' } },
    judge: (facts) =>
      onExchange(facts, 'absoluteTarget', ({ status }) =>
        expectThat(
          status === 400 || status === 421,
          `a target with the host absolute-target.invalid and another one in Host was answered ${status}: a proxy or a cache in front goes by the one, the app by the other. Mount limits() or client() first.`,
        ),
      ),
  },
  {
    id: 'limits/ambiguous-framing-accepted',
    severity: 'high',
    confidence: 'medium',
    title: 'A Transfer-Encoding other than chunked is accepted',
    cwe: [444],
    asvs: ['4.2.1'],
    probes: {
      ambiguousFraming: {
        method: 'GET',
        path: '{page}',
        headers: { 'Transfer-Encoding': 'identity, chunked' },
        body: 'x',
      },
    },
    judge: (facts) =>
      onExchange(facts, 'ambiguousFraming', ({ status }) =>
        expectThat(
          status === 400 || status === 501,
          `"Transfer-Encoding: identity, chunked" was answered ${status}: where a proxy in front reads it differently, one client's request becomes the beginning of another's. Mount limits() first.`,
        ),
      ),
  },
];
