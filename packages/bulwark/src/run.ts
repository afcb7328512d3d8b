import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf, type Handler, type Next, type RequestContext } from './context.ts';
import { among, EXEMPTABLE, type Exemptable } from './decisions.ts';
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

/** Asked of each error: true if its practice is in monitor mode, and the request goes on. */
export interface Monitor {
  onlyReports(req: IncomingMessage, practice: PracticeId, error: unknown): boolean;
}

/** Runs the steps one after another; `done` gets what refused the request, or nothing. */
export function run(
  steps: readonly Step[],
  req: IncomingMessage,
  res: ServerResponse,
  monitor: Monitor,
  done: Next,
): void {
  const context = contextOf(req);
  let index = 0;
  let isRunning = false;
  let mayGoOn = true;

  // A step that calls `next` at once returns to the loop: the next one does not stand on its stack, nor the app on that of
  // them all.
  const next: Next = (error) => {
    if (error !== undefined && error !== null) {
      const step = steps[index - 1];
      if (step?.practice === undefined || !monitor.onlyReports(req, step.practice, error)) return done(error);
    }
    mayGoOn = true;
    if (!isRunning) goOn();
  };

  function goOn(): void {
    isRunning = true;
    while (mayGoOn && index < steps.length) {
      const step = steps[index++] as Step;
      if (step.exemptable !== undefined && isLifted(context, step.exemptable)) {
        context.lifted ??= [];
        context.lifted.push(step.exemptable);
        continue;
      }
      mayGoOn = false;
      try {
        step.handler(req, res, next);
      } catch (error) {
        isRunning = false;
        mayGoOn = false;
        return done(error);
      }
    }
    isRunning = false;
    if (mayGoOn) done();
  }
  goOn();
}

/** Whether the matched route is exempt from a practice. */
export function isLifted(context: RequestContext, practice: Exemptable): boolean {
  const { decisions } = context;
  return decisions.length > 0 && among(decisions, practice).some(({ kind }) => kind === 'exemption');
}
