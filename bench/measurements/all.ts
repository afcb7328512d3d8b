import type { Measurement } from '../measurement.ts';
import { coldStart } from './cold-start.ts';
import { growth } from './growth.ts';
import { headers } from './headers.ts';
import { logins } from './logins.ts';
import { memory } from './memory.ts';
import { refusals } from './refusals.ts';
import { memoryRequests, redisRequests } from './requests.ts';
import { tokenChecks } from './tokens.ts';

/** Everything that is measured, in the order of the results. */
export const ALL: readonly Measurement[] = [
  memoryRequests,
  redisRequests,
  refusals,
  headers,
  logins,
  tokenChecks,
  memory,
  coldStart,
  growth,
];
