import type { Measurement } from '../measurement.ts';
import { coldStart } from './cold-start.ts';
import { growth } from './growth.ts';
import { logins } from './logins.ts';
import { memory } from './memory.ts';
import { tokenChecks } from './tokens.ts';

/** Everything that is measured beside the servers of `run.ts`. */
export const ALL: readonly Measurement[] = [logins, tokenChecks, memory, coldStart, growth];
