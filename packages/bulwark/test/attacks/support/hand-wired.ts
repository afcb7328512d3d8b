import { createRequire } from 'node:module';
import type { RequestHandler } from 'express';
import expressRateLimit, { type Options as LimiterOptions } from 'express-rate-limit';
import helmet from 'helmet';
import { pinoHttp } from 'pino-http';
import { type Gate, type Policy, secure } from '../../../src/index.ts';
import { QUIET } from '../../support/ask.ts';
import type { Express } from '../../support/http.ts';

// These have no types of their own; what is written here is all that the tests use of them.
const load = createRequire(import.meta.url);
export const cors = load('cors') as (options?: object) => RequestHandler;
const session = load('express-session') as (options: object) => RequestHandler;
const cookieParser = load('cookie-parser') as () => RequestHandler;
export const methodOverride = load('method-override') as (getter: string, options?: object) => RequestHandler;
export const xssClean = load('xss-clean') as () => RequestHandler;
export const mongoSanitize = load('express-mongo-sanitize') as () => RequestHandler;
export const hpp = load('hpp') as () => RequestHandler;
export const morgan = load('morgan') as (format: string, options: object) => RequestHandler;

/** An Express application, of either version. */
export type App = ReturnType<Express>;

/** One package of the stack. */
export type Part = 'log' | 'helmet' | 'cors' | 'limiter' | 'json' | 'forms' | 'cookies' | 'session';

/** The order that tutorials give, where they give a good one. */
const TUTORIAL: readonly Part[] = ['log', 'helmet', 'cors', 'limiter', 'json', 'forms', 'cookies', 'session'];

/** How a team has wired the stack: what differs from the tutorial is the mistake that a test is about. */
export interface Wiring {
  readonly order?: readonly Part[];
  readonly cors?: object;
  readonly limiter?: Partial<LimiterOptions>;
  readonly session?: object;
  /** Takes the lines of pino-http; default: nowhere. */
  readonly log?: (line: string) => void;
}

/** Mounts the hand-wired stack, with the packages that everybody takes, in the order that is given. */
export function handWire(app: App, express: Express, wiring: Wiring = {}): void {
  const parts: Record<Part, () => RequestHandler> = {
    log: () => pinoHttp({}, { write: wiring.log ?? (() => undefined) }) as RequestHandler,
    helmet: () => helmet(),
    cors: () => cors(wiring.cors),
    limiter: () => expressRateLimit({ windowMs: 900_000, limit: 100, ...wiring.limiter }),
    json: () => express.json(),
    forms: () => express.urlencoded({ extended: true }),
    cookies: () => cookieParser(),
    session: () =>
      session({ secret: 'only used in these tests', resave: false, saveUninitialized: false, ...wiring.session }),
  };
  for (const part of wiring.order ?? TUTORIAL) app.use(parts[part]());
}

/** One app, twice. */
export interface Pair {
  /** As it was wired by hand: the control, where the attack succeeds. */
  readonly wired: App;
  /** The same with `secure()`. */
  readonly secured: App;
  readonly gate: Gate;
}

/**
 * Builds an app twice and puts `secure()` around the second one, as the last line of the program.
 *
 * @param build - is told whether the app will be secured, for what has to be taken out then (a setting that `secure()`
 *   refuses, a package that it replaces); all else stays as it was wired
 */
export function pairOf(build: (secured: boolean) => App, policy: Partial<Policy> = {}): Pair {
  const wired = build(false);
  const secured = build(true);
  return { wired, secured, gate: secure(secured, { ...QUIET, ...policy }) };
}

/** The statuses of some answers, in their order. */
export function statuses(answers: readonly { readonly status: number }[]): number[] {
  return answers.map(({ status }) => status);
}

/** How many were not refused by a limit. */
export function passed(answers: readonly { readonly status: number }[]): number {
  return answers.filter(({ status }) => status !== 429).length;
}

/** The same request several times. */
export function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_unused, i) => make(i));
}

/** The page of another site that acts with a visitor's cookies, in a browser without Fetch Metadata. */
export const EVIL = 'https://evil.example';
