import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { ProblemPage } from './html-page.ts';

/** Options of the `errors` practice. */
export interface ErrorsOptions {
  /**
   * Whether the message of an error that was made to be shown is shown: one with `expose: true` and a status from 400
   * to 499, such as `createError(404, 'No such note')`. Messages of refusals are always public, those of parsers and of
   * unexpected errors never. Default true.
   */
  readonly exposeMessages?: boolean;
  /**
   * The page for browsers: `(problem, { nonce }) => html`. What it puts into the page it must escape. `false`: always
   * problem+json. Default: a small page without scripts.
   */
  readonly page?: ProblemPage | false;
  /**
   * Whether an internal error's stack is shown in development, to a direct client on this machine. Default true; in
   * production and in test nothing is ever shown.
   */
  readonly debug?: boolean;
  /**
   * Gets each internal error as it was thrown, unredacted, for an error tracker that redacts. What it throws is ignored. Default: where `logging` is not in use,
   * one JSON line to stderr.
   */
  readonly onError?: (error: unknown, req: IncomingMessage) => unknown;
}

/** The options with every default in place. */
export interface ResolvedErrorsOptions {
  readonly exposeMessages: boolean;
  readonly page: ProblemPage | false | undefined;
  readonly debug: boolean;
  readonly onError: ((error: unknown, req: IncomingMessage) => unknown) | undefined;
}

/** What a user may write. */
export const schema: z.ZodType = z.strictObject({
  exposeMessages: z.boolean().optional(),
  page: z
    .union([
      z.literal(false),
      z.custom<ProblemPage>(
        (value) => typeof value === 'function',
        'must be a function (problem, { nonce }) => html, or false',
      ),
    ])
    .optional(),
  debug: z.boolean().optional(),
  onError: z.custom((value) => typeof value === 'function', 'must be a function (error, req)').optional(),
});

/** The defaults of 2026-11. */
export const DEFAULTS: ResolvedErrorsOptions = {
  exposeMessages: true,
  page: undefined,
  debug: true,
  onError: undefined,
};
