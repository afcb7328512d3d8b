import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { asksForUsers, type CoverageRow, coverageOf, refuseUndecided, undecidedRoutes } from './coverage.ts';
import type { RouteTable } from './express/route-table.ts';
import type { Gate, GateListening } from './gate.ts';
import type { ResolvedPolicy } from './policy.ts';
import { type UndecidedRule, undecidedRule } from './practices/access/index.ts';
import type { SelfTestReport, SelfTestTarget } from './self-test.ts';

const HEADER = 'x-bulwark-self-test';
const ERROR_URL = '/.well-known/bulwark/self-test/throw';
const CANARY = "bulwark-canary: SELECT secret FROM users failed in '/srv/app/secret.js'";

/** What is looked at. */
export interface Subject {
  readonly policy: ResolvedPolicy;
  readonly table: RouteTable;
  readonly handler: Gate['handler'];
  readonly secrets: SelfTestTarget['secrets'];
  readonly tokens: SelfTestTarget['tokens'];
  /** What is known of passwords by now. */
  readonly passwords: () => SelfTestTarget['passwords'];
  readonly sessions: SelfTestTarget['sessions'];
  /** The server that listens, if one does. */
  readonly listening: () => GateListening | undefined;
}

/** What a gate says of itself: its coverage, and the result of attacking itself. */
export class Introspection {
  readonly #subject: Subject;
  #token: string | undefined;
  #running: Promise<SelfTestReport> | undefined;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  /** Whether a request is a probe of the self-test that is running. */
  isProbe(req: IncomingMessage): boolean {
    return this.#token !== undefined && req.headers[HEADER] === this.#token;
  }

  /** The error that a probe asks for. */
  errorFor(url: string): Error | undefined {
    return url === ERROR_URL ? new Error(CANARY) : undefined;
  }

  coverage(): CoverageRow[] {
    const { policy, table } = this.#subject;
    const { off, unused, monitored, knowsUsers } = policy;
    // Where nobody is known in the gate, decisions are carried out in passing.
    const rows = table.rows(!knowsUsers);
    return coverageOf(rows, { off, unused, monitored, undecided: this.#undecided() });
  }

  /** @throws ConfigError `ERR_ROUTE_UNDECIDED` where the policy refuses to start with such routes */
  refuseUndecided(): void {
    if (this.#undecided() === 'refuse-to-start') refuseUndecided(this.#subject.table.rows());
  }

  /** One at a time: a second one's token would make strangers of the first one's probes. */
  selfTest(): Promise<SelfTestReport> {
    this.#running ??= this.#selfTest().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #selfTest(): Promise<SelfTestReport> {
    const { handler, policy, secrets, passwords, sessions, tokens, listening } = this.#subject;
    // Checks and their probes are loaded only when they are run: the request's way carries none of them.
    const { selfTest } = await import('./self-test.ts');
    this.#token = randomUUID();
    try {
      return await selfTest({
        handler,
        policy,
        listening: listening(),
        headers: { [HEADER]: this.#token },
        coverage: this.coverage(),
        secrets,
        tokens,
        passwords: passwords(),
        sessions,
        access: this.#accessFacts(),
      });
    } finally {
      this.#token = undefined;
    }
  }

  #undecided(): UndecidedRule {
    const { given, knowsUsers } = this.#subject.policy;
    return undecidedRule(given.access, knowsUsers);
  }

  #accessFacts(): SelfTestTarget['access'] {
    const { policy, table } = this.#subject;
    if (policy.off.has('access')) return undefined;
    const rows = table.rows();
    const open = this.#undecided() === 'allow' ? undecidedRoutes(rows) : [];
    return { users: policy.knowsUsers || asksForUsers(rows), open };
  }
}
