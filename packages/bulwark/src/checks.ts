import { type Check, hatchCheck } from './check.ts';
import { PRACTICE_IDS } from './pipeline.ts';
import { checks as access } from './practices/access/checks.ts';
import { checks as client } from './practices/client/checks.ts';
import { checks as cors } from './practices/cors/checks.ts';
import { checks as csrf } from './practices/csrf/checks.ts';
import { checks as errors } from './practices/errors/checks.ts';
import { checks as headers } from './practices/headers/checks.ts';
import { checks as https } from './practices/https/checks.ts';
import { checks as input } from './practices/input/checks.ts';
import { checks as limits } from './practices/limits/checks.ts';
import { checks as logging } from './practices/logging/checks.ts';
import { checks as passwords } from './practices/passwords/checks.ts';
import { checks as rateLimit } from './practices/rate-limit/checks.ts';
import { checks as secrets } from './practices/secrets/checks.ts';
import { checks as sessions } from './practices/sessions/checks.ts';
import { checks as tokens } from './practices/tokens/checks.ts';

/**
 * Every check of every practice: pure functions from what is known of a running app to a verdict.
 *
 * `bulwark` itself never loads them; they are what the audit, the self-test and your own tests run.
 *
 * @example
 * import { CHECKS } from 'bulwark/checks'
 * const failed = CHECKS.filter((check) => check.judge(facts).result === 'fail')
 */
export const CHECKS: readonly Check[] = [
  ...access,
  ...client,
  ...cors,
  ...csrf,
  ...errors,
  ...headers,
  ...https,
  ...input,
  ...limits,
  ...logging,
  ...passwords,
  ...rateLimit,
  ...secrets,
  ...sessions,
  ...tokens,
  ...PRACTICE_IDS.map(hatchCheck),
];
