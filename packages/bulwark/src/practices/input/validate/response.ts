import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { contextOf, type Next } from '../../../context.ts';
import { Refusal } from '../../../errors.ts';
import { wrapJson } from '../../../express/json-answers.ts';
import { isInstance } from '../../errors/read-error.ts';
import { addIssues, type Fields } from './issues.ts';
import type { Check, ReadySchema, ReadySchemas } from './schemas.ts';
import { isThenable } from './unknown-fields.ts';

/**
 * Holds the JSON of a response to its schema: what is sent is what the schema makes of the value, so a field that it does
 * not declare never leaves. A value that does not fit is a fault of the app's: 500, and nothing of it goes out.
 * ASVS 15.3.1, CWE-213.
 *
 * @param next - of the handler that is set up; what it is given ends in the error handler
 */
export function guardResponse(
  req: IncomingMessage,
  res: ServerResponse,
  next: Next,
  schemaOf: NonNullable<ReadySchemas['response']>,
): void {
  let isLifted = false;
  const isExpress = wrapJson(res, (body, send) => {
    const schema = isLifted ? undefined : schemaOf(res.statusCode);
    // Direction open: answers of a status that is no success and has no schema, error bodies above all. Reason: what an
    // error handler says is not what the schema describes. Mitigation: `errors` writes those, and shows nothing internal.
    if (schema === undefined) return send(body);

    const settle = (result: StandardSchemaV1.Result<unknown>): void => {
      if (result.issues === undefined) return send(result.value);
      refuse(schema, result.issues, body, () => send(body));
    };
    const refuseThrown = (error: unknown): void => {
      // html() and text() say no by a Refusal, which would blame the sender of the request.
      if (isInstance(error, Refusal)) refuse(schema, [{ message: error.reason }], body, () => send(body));
      else fail(error);
    };
    let result: ReturnType<Check>;
    try {
      result = schema.check(body);
    } catch (error) {
      return refuseThrown(error);
    }
    if (!isThenable(result)) return settle(result);
    Promise.resolve(result)
      .then((later) => {
        // Whoever has answered in the meantime, an error handler or a time-out, has the last word.
        if (!res.headersSent && !res.writableEnded) settle(later);
      })
      .catch(refuseThrown);
  });
  if (!isExpress) next(new Error('validate(): a response schema needs the res.json() of Express'));
  else next();

  function refuse(
    { vendor }: ReadySchema,
    issues: readonly StandardSchemaV1.Issue[],
    body: unknown,
    letPass: () => void,
  ): void {
    const fields: Fields = new Map();
    addIssues(fields, 'response', vendor, issues, body);
    const cause = new Error(`fields that do not fit: ${[...fields.keys()].join(', ')}`);
    const reason = 'the answer is not what its schema says';
    const refusal = new Refusal('ERR_RESPONSE_INVALID', { reason, cause });
    if (contextOf(req).gate?.onlyReports(req, 'input', refusal) === true) letPass();
    else fail(refusal);
  }

  function fail(error: unknown): void {
    // The error handler of the app answers with res.json() too, perhaps before it has set a status.
    isLifted = true;
    next(error);
  }
}
