import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf, type Handler, type Next, type RequestContext } from './context.ts';
import { EXEMPTABLE, type Exemptable } from './decisions.ts';
import { ORDER, type PracticeId, type StepId } from './pipeline.ts';

/** One step of the pipeline, ready to run. */
export interface Step {
  readonly id: StepId;
  readonly practice: PracticeId | undefined;
  readonly handler: Handler;
  /** The practice if a route may be exempted from it. */
  readonly exemptable: Exemptable | undefined;
}

/** Compiles {@link ORDER}: the steps that are on, in their order. */
export function compile(handlers: Readonly<Partial<Record<StepId, Handler>>>): readonly Step[] {
  return ORDER.flatMap(({ step: id, practice }) => {
    const handler = handlers[id];
    if (handler === undefined) return [];
    const exemptable = EXEMPTABLE.find((name) => name === practice);
    return [{ id, practice, handler, exemptable }];
  });
}

/**
 * Runs the steps one after another; `done` gets what refused the request, or nothing.
 *
 * @param onlyReports - asked of each error: true if its practice is in monitor mode, and the request goes on
 */
export function run(
  steps: readonly Step[],
  req: IncomingMessage,
  res: ServerResponse,
  onlyReports: (practice: PracticeId, error: unknown) => boolean,
  done: Next,
): void {
  const context = contextOf(req);
  let index = 0;
  const next: Next = (error) => {
    if (error !== undefined && error !== null) {
      const step = steps[index - 1];
      if (step?.practice === undefined || !onlyReports(step.practice, error)) return done(error);
    }
    while (index < steps.length) {
      const step = steps[index++] as Step;
      if (step.exemptable !== undefined && isLifted(context, step.exemptable)) {
        context.lifted ??= [];
        context.lifted.push(step.exemptable);
        continue;
      }
      try {
        return step.handler(req, res, next);
      } catch (error) {
        return done(error);
      }
    }
    done();
  };
  next();
}

/** Whether the matched route is exempt from a practice. */
export function isLifted(context: RequestContext, practice: Exemptable): boolean {
  const { decisions } = context;
  if (decisions.length === 0) return false;
  return decisions.some((decision) => decision.kind === 'exemption' && decision.practice === practice);
}
