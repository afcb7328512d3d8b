import type { StandardSchemaV1 } from '@standard-schema/spec';
import { Refusal } from '../../../errors.ts';

/** A function from text to text that is a Standard Schema too. */
export type TextTransform = ((dirty: string) => string) & StandardSchemaV1<string, string>;

/** What a change of text ends in: the text, or why it cannot be taken; the latter is public. */
export type Changed = { readonly value: string } | { readonly problem: string };

/**
 * Makes a {@link TextTransform} of a change.
 *
 * A text that cannot be taken is an issue where it is used as a schema. Where it is called as a function, inside a
 * schema of another library for example, it throws a Refusal (400 `ERR_VALIDATION`), which `validate()` and the error
 * handler pass on: what a client sent is never a reason for a 500.
 *
 * @example textTransform((text) => (text.length > 5 ? { problem: 'is too long' } : { value: text.trim() }))
 */
export function textTransform(change: (dirty: string) => Changed): TextTransform {
  // The untyped code of other libraries calls it too.
  const attempt = (dirty: unknown): Changed =>
    typeof dirty === 'string' ? change(dirty) : { problem: 'must be text' };

  function transform(dirty: string): string {
    const changed = attempt(dirty);
    if ('value' in changed) return changed.value;
    throw new Refusal('ERR_VALIDATION', { reason: `a text ${changed.problem}` });
  }
  const validate = (dirty: unknown): StandardSchemaV1.Result<string> => {
    const changed = attempt(dirty);
    return 'value' in changed ? changed : { issues: [{ message: changed.problem }] };
  };
  return Object.assign(transform, { '~standard': { version: 1 as const, vendor: 'bulwark', validate } });
}
