import type { StandardSchemaV1 } from '@standard-schema/spec';
import { frozenCopy, isDeeperThan } from './containers.ts';
import { addField, addIssues, type Fields, UNKNOWN } from './issues.ts';
import type { Part, ReadySchema } from './schemas.ts';
import { findUnknown, isThenable, type Path } from './unknown-fields.ts';

/** What became of a part: what handlers may have, or nothing, and then there are fields to name. */
export type Outcome = { readonly value: unknown } | undefined;

/** What `input` allows at the most; only a parser of the app's own lets more by, and schemas recurse. */
const DEEPEST = 1000;

/**
 * Validates one part of a request; answers at once where the schema does.
 *
 * @param refusesUnknown - whether fields that the schema does not know are refused
 * @param fields - takes what is wrong
 */
export function checkPart(
  part: Part,
  { vendor, check }: ReadySchema,
  input: unknown,
  refusesUnknown: boolean,
  fields: Fields,
): Outcome | Promise<Outcome> {
  const judge = (result: StandardSchemaV1.Result<unknown>): Outcome | Promise<Outcome> => {
    if (result.issues !== undefined) {
      addIssues(fields, part, vendor, result.issues, input);
      return undefined;
    }
    const { value } = result;
    const accept = (unknown: readonly Path[]): Outcome => {
      for (const path of unknown) addField(fields, part, path, UNKNOWN);
      return unknown.length === 0 ? { value: frozenCopy(value) } : undefined;
    };
    const unknown = refusesUnknown ? findUnknown(input, value, check) : [];
    return isThenable(unknown) ? Promise.resolve(unknown).then(accept) : accept(unknown);
  };
  if (part === 'body' && isDeeperThan(DEEPEST, input)) {
    addField(fields, part, [], 'is nested too deep');
    return undefined;
  }
  const result = check(input);
  return isThenable(result) ? Promise.resolve(result).then(judge) : judge(result);
}
