import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf, type Next } from '../../context.ts';
import { type Decision, type DecisionHandler, decide, requireReason } from '../../decisions.ts';
import { ConfigError } from '../../errors.ts';
import { type Duration, parseDuration } from '../../units.ts';

/** How much a route matters under pressure: `essential` is served to the end, `low` is shed first. */
export type Priority = 'essential' | 'low';

/** What a decision of this practice says. */
interface LimitsValue {
  /** Milliseconds. */
  readonly handlerTime?: number;
  readonly priority?: Priority;
}

/** See `Limits.handlerTime`. */
export function handlerTime(time: Duration): DecisionHandler {
  const milliseconds = parseDuration(time, 'limits.handlerTime()');
  const value: LimitsValue = { handlerTime: milliseconds };
  return decide({
    practice: 'limits',
    kind: 'setting',
    summary: `handler time ${typeof time === 'number' ? `${time} ms` : time}`,
    value,
    enforce(req: IncomingMessage, _res: ServerResponse, next: Next): void {
      const { inFlight } = contextOf(req);
      if (inFlight !== undefined && holds(req, value)) inFlight.board.giveTime(inFlight, milliseconds);
      next();
    },
  });
}

/** See `Limits.priority`. */
export function priority(given: Priority, options: { readonly reason: string }): DecisionHandler {
  if (given !== 'essential' && given !== 'low') {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: 'limits.priority()',
      message: `${JSON.stringify(given) ?? String(given)} is not a priority`,
      fix: "write 'essential' or 'low'",
    });
  }
  const reason = requireReason(options?.reason, `limits.priority('${given}')`);
  const value: LimitsValue = { priority: given };
  const base = { practice: 'limits', kind: 'setting', summary: `priority ${given}`, reason, value } as const;
  if (given === 'essential') return decide(base);
  return decide({
    ...base,
    enforce(req: IncomingMessage, res: ServerResponse, next: Next): void {
      next(holds(req, value) ? contextOf(req).inFlight?.shed(req, res, given) : undefined);
    },
  });
}

/** Whether a decision is about this request: one of a router that it only passes on its way is not. */
function holds(req: IncomingMessage, value: LimitsValue): boolean {
  return contextOf(req).decisions.some((known) => known.value === value);
}

/** What the decisions of a request say; of two that say the same thing, the one nearer to the handler. */
export function readDecisions(decisions: readonly Decision[]): LimitsValue {
  let value: LimitsValue = NOTHING;
  for (const decision of decisions) {
    if (decision.practice === 'limits') value = { ...value, ...(decision.value as LimitsValue) };
  }
  return value;
}

const NOTHING: LimitsValue = {};
