import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf, type Handler, type Next, type RequestContext } from './context.ts';
import { ConfigError } from './errors.ts';
import { PRACTICE_IDS, type PracticeId } from './pipeline.ts';

/**
 * What a route says of itself: who may call it, how often, what it is exempt from.
 *
 * A decision is carried by an ordinary middleware, so it stands where Express developers look for it. The gate
 * reads it **before** any work is done; where the gate could not see the route (a router hidden in a closure) the
 * middleware carries it out in its place. An exemption that the gate could not see does not hold: it fails closed.
 */
export interface Decision {
  /** The practice that it speaks to. */
  readonly practice: PracticeId;
  /** `requirement` adds a condition; `exemption` lifts the practice; `setting` changes how it is carried out. */
  readonly kind: 'requirement' | 'exemption' | 'setting';
  /** For the coverage: `public`, `role admin`, `10 per 1m`. */
  readonly summary: string;
  /** Why, in the developer's words; demanded of each exemption. */
  readonly reason?: string;
  /** Carries a requirement out. */
  readonly enforce?: Handler;
  /** Carried out each time that the router passes it, not once: what it looks at (`req.params`) changes on the way. */
  readonly repeats?: true;
  /** What the practice itself needs to know. */
  readonly value?: unknown;
}

const DECISION: unique symbol = Symbol.for('bulwark.decision');

/** A middleware that carries a {@link Decision}; Express 4 and 5 take it as a handler. */
export type DecisionHandler = Handler & { readonly [DECISION]: Decision };

/**
 * Makes the middleware of a decision.
 *
 * @example export const open = (why: string) => decide({ practice: 'access', kind: 'setting', summary: 'public', reason: why })
 */
export function decide(decision: Decision): DecisionHandler {
  const handler = function bulwarkDecision(req: IncomingMessage, res: ServerResponse, next: Next): void {
    const context = contextOf(req);
    if (isDone(context, decision)) return next();
    if (!context.decisions.includes(decision)) {
      // Too late to lift a practice that has had its say; settings and requirements still hold from here on, unless the
      // router only passes them on its way to a route that they do not stand above.
      const holds = decision.kind === 'requirement' || !context.passed.includes(decision);
      if (decision.kind !== 'exemption' && holds) context.decisions = [...context.decisions, decision];
    }
    if (decision.enforce === undefined) return next();
    enforceOnce(decision, req, res, next);
  };
  return Object.assign(handler, { [DECISION]: decision });
}

/** Carries a requirement out, once per request however often the router passes it. */
export function enforceOnce(decision: Decision, req: IncomingMessage, res: ServerResponse, next: Next): void {
  const context = contextOf(req);
  if (decision.enforce === undefined || isDone(context, decision)) return next();
  context.applied ??= new Set();
  context.applied.add(decision);
  decision.enforce(req, res, (error) => {
    if (error === undefined || context.gate?.onlyReports(req, decision.practice, error) === true) return next();
    // An error handler may swallow the refusal and go on to another route with this decision: it is no permission there.
    context.applied?.delete(decision);
    next(error);
  });
}

function isDone({ applied }: RequestContext, decision: Decision): boolean {
  return decision.repeats !== true && applied?.has(decision) === true;
}

/** The decision that a middleware carries, if it carries one. */
export function decisionOf(handler: unknown): Decision | undefined {
  return typeof handler === 'function' ? (handler as Partial<DecisionHandler>)[DECISION] : undefined;
}

/** The decisions of this request that speak to one practice. */
export function decisionsFor(req: IncomingMessage, practice: PracticeId): readonly Decision[] {
  const { decisions } = contextOf(req);
  return decisions.length === 0 ? decisions : among(decisions, practice);
}

type ByPractice = Partial<Record<PracticeId, readonly Decision[]>>;

/** By list: the look-up gives every request of a route the same one, and a list is never changed. */
const sorted = new WeakMap<readonly Decision[], ByPractice>();

/** Those of a list that speak to one practice. */
export function among(decisions: readonly Decision[], practice: PracticeId): readonly Decision[] {
  let known = sorted.get(decisions);
  if (known === undefined) {
    known = {};
    sorted.set(decisions, known);
  }
  known[practice] ??= decisions.filter((decision) => decision.practice === practice);
  return known[practice];
}

/** Whether two routes say the same of who may read and embed them and of their bodies: what `cors`, `csrf` and `input` go by. */
export function areSameSettings(one: readonly Decision[], other: readonly Decision[]): boolean {
  const [a, b] = [one, other].map((list) => list.filter(({ kind }) => kind === 'setting'));
  return a?.length === b?.length && a?.every((decision, i) => decision === b?.[i]) === true;
}

/** Practices that a single route may be exempted from; the others protect the server as a whole. */
export const EXEMPTABLE = ['cors', 'csrf', 'headers', 'https', 'input', 'rate-limit', 'tokens'] as const;

/** A practice that {@link exempt} takes. */
export type Exemptable = (typeof EXEMPTABLE)[number];

/**
 * Exempts one route from one practice. The reason is demanded, and the coverage and the audit show it.
 *
 * @param practice - one of `cors`, `csrf`, `headers`, `https`, `input`, `rate-limit`, `tokens`
 * @param options.reason - why this route does without it
 * @throws ConfigError `ERR_CONFIG_VALUE` for a practice that cannot be lifted, or without a reason
 * @example app.post('/webhook', exempt('csrf', { reason: 'signed by the sender, carries no cookie' }), handler)
 */
export function exempt(practice: Exemptable, options: { reason: string }): DecisionHandler {
  if (!EXEMPTABLE.includes(practice)) {
    const known = PRACTICE_IDS.includes(practice) ? 'protects the whole server' : 'does not exist';
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: 'exempt()',
      message: `the practice ${JSON.stringify(practice)} ${known} and cannot be lifted for one route`,
      fix: `name one of ${EXEMPTABLE.join(', ')}`,
    });
  }
  const reason = requireReason(options?.reason, `exempt('${practice}')`);
  return decide({ practice, kind: 'exemption', summary: 'exempt', reason });
}

/** Checks that a reason was given: an exemption nobody can explain is a hole nobody will close. */
export function requireReason(reason: unknown, field: string): string {
  if (typeof reason === 'string' && reason.trim().length >= 3) return reason.trim();
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: 'an exemption needs a reason',
    fix: 'say in a sentence why this route does without it; the coverage and the audit show it',
  });
}
