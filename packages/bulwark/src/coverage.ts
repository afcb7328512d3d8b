import type { Decision } from './decisions.ts';
import { ConfigError } from './errors.ts';
import type { RouteRow } from './express/route-rows.ts';
import { PRACTICE_IDS, type PracticeId } from './pipeline.ts';
import { isDecided, type UndecidedRule } from './practices/access/index.ts';

/** What a practice does for a route. */
export interface Coverage {
  readonly state: 'enforced' | 'exempt' | 'missing';
  /** Why it is exempt or missing, or what the route asks for beyond the policy. */
  readonly reason?: string;
}

/** One route, or a middleware that may answer on a path, and every practice. */
export interface CoverageRow {
  /** `middleware`: what stands on a path without a route, such as static files, a proxy or the pages of API docs. */
  readonly kind: 'route' | 'middleware';
  /** In upper case; `*` for `app.all()` and middleware. */
  readonly method: string;
  /** As written in the code. */
  readonly path: string;
  readonly practices: Readonly<Record<PracticeId, Coverage>>;
}

/** What the coverage needs to know of the policy. */
export interface Switches {
  readonly off: ReadonlySet<PracticeId>;
  /** Practices that the policy does not use. */
  readonly unused: ReadonlySet<PracticeId>;
  readonly monitored: ReadonlySet<PracticeId>;
  /** What happens to routes without an access decision. */
  readonly undecided: UndecidedRule;
}

const UNDECIDED = 'no access decision';

/** Why a practice is exempt on every route of an app that does not have it. */
export const UNUSED = 'the policy does not use it';

/** Every route × every practice. */
export function coverageOf(rows: readonly RouteRow[], switches: Switches): CoverageRow[] {
  return rows.map(({ kind, method, path, decisions }) => {
    const practices = Object.fromEntries(PRACTICE_IDS.map((id) => [id, cover(id, decisions, switches)]));
    return { kind, method, path, practices: practices as Record<PracticeId, Coverage> };
  });
}

function cover(id: PracticeId, decisions: readonly Decision[], switches: Switches): Coverage {
  if (switches.off.has(id)) return { state: 'missing', reason: 'turned off in the policy' };
  if (switches.unused.has(id)) return { state: 'exempt', reason: UNUSED };
  const own = decisions.filter((decision) => decision.practice === id);
  const exemption = own.find((decision) => decision.kind === 'exemption');
  const demands = own.filter((decision) => decision.kind === 'requirement').map(({ summary }) => summary);
  // `access.public()` below a router that demands a role does not lift the role. A limit of the route's own holds beside
  // an exemption from the policy's, and does not hide it.
  if (exemption !== undefined && (id !== 'access' || demands.length === 0))
    return { state: 'exempt', ...withReason([exemption.reason, ...demands].join(', ')) };
  if (id === 'access' && !isDecided(decisions)) {
    return switches.undecided !== 'allow'
      ? { state: 'enforced', reason: `denied: ${UNDECIDED}` }
      : { state: 'missing', reason: UNDECIDED };
  }
  if (switches.monitored.has(id)) return { state: 'missing', reason: 'in monitor mode: reports and lets pass' };
  const summary = own
    .map(({ summary, reason }) => (reason === undefined ? summary : `${summary}: ${reason}`))
    .join(', ');
  return { state: 'enforced', ...withReason(summary === '' ? undefined : summary) };
}

function withReason(reason: string | undefined): { reason?: string } {
  return reason === undefined ? {} : { reason };
}

/** The routes that say nothing of who may call them. Middleware may only pass by, and has nothing to decide then. */
export function undecidedRoutes(rows: readonly RouteRow[]): string[] {
  return rows
    .filter(({ kind, decisions }) => kind === 'route' && !isDecided(decisions))
    .map(({ method, path }) => `${method} ${path}`);
}

/** Whether a route asks for a user. */
export function asksForUsers(rows: readonly RouteRow[]): boolean {
  return rows.some(({ decisions }) =>
    decisions.some(({ practice, kind }) => practice === 'access' && kind === 'requirement'),
  );
}

/** Refuses to start while a route says nothing of who may call it. */
export function refuseUndecided(rows: readonly RouteRow[]): void {
  const open = undecidedRoutes(rows);
  if (open.length === 0) return;
  const named = open.slice(0, 10);
  throw new ConfigError('ERR_ROUTE_UNDECIDED', {
    field: 'access.undecided',
    message: `routes without an access decision: ${named.join(', ')}${open.length > 10 ? ` and ${open.length - 10} more` : ''}`,
    fix: "give each access.public('why'), access.authenticated() or access.role('…')",
  });
}
