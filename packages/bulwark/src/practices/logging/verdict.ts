import { ERROR_CODES, Refusal, type RefusalCode } from '../../errors.ts';
import { describeError, isInternalCode } from '../errors/describe-error.ts';
import { isInstance } from '../errors/read-error.ts';
import { cleanText } from './clean-text.ts';
import { describeFailure, type FailureRecord, isConnectionLoss } from './failure-record.ts';
import type { Logger } from './options.ts';
import type { LineKind } from './repeats.ts';

/** How a request ended, as far as all requests that ended like it have it in common. */
export interface Verdict {
  readonly level: keyof Logger;
  readonly message: string;
  /** For lines that come in floods: which are the same. */
  readonly kind: (LineKind & { readonly key: string }) | undefined;
  readonly code: RefusalCode | undefined;
}

/** What the line says of a failure beside the code. */
export interface FailureMembers {
  readonly reason: string | undefined;
  readonly cause: FailureRecord | undefined;
  readonly error: FailureRecord | undefined;
}

const OK: Verdict = { level: 'info', message: 'request', kind: undefined, code: undefined };
const FAILED: Verdict = { level: 'error', message: 'request failed', kind: undefined, code: undefined };
const ABORTED: Verdict = {
  level: 'info',
  message: 'request aborted',
  kind: { level: 'info', message: 'request aborted', record: { aborted: true }, key: 'aborted' },
  code: undefined,
};
const REFUSED: ReadonlyMap<string, Verdict> = new Map(
  Object.entries(ERROR_CODES).flatMap(([code, row]) =>
    'status' in row ? [[code, refused(code as RefusalCode, row.status)]] : [],
  ),
);

/** @param failure - what the request failed with, a refusal included */
export function judge(failure: unknown, aborted: boolean, status: number): Verdict {
  if (failure === undefined) return aborted ? ABORTED : status >= 500 ? FAILED : OK;
  if (aborted && isConnectionLoss(failure)) return ABORTED;
  // In a flood most are these, and describing one reads all its headers.
  const known = isInstance(failure, Refusal) ? REFUSED.get(failure.code) : undefined;
  if (known !== undefined) return known;
  const { code, internal, status: said } = describeError(failure);
  return internal ? { ...FAILED, code } : refused(code, said);
}

function refused(code: RefusalCode | undefined, status: number): Verdict {
  // Failures of the server are never counted only: each may be another fault.
  if (code !== undefined && isInternalCode(code)) return { ...FAILED, code };
  // A wrong address is everybody's daily bread; what a protection refused is worth a look.
  const level = code === 'ERR_NOT_FOUND' ? 'info' : 'warn';
  const message = 'request refused';
  const record = code === undefined ? { status } : { code, status };
  return { level, message, kind: { level, message, record, key: code ?? String(status) }, code };
}

/** What the line of a request says of its failure; undefined where it has none. */
export function membersOf(failure: unknown, verdict: Verdict): FailureMembers | undefined {
  if (failure === undefined || verdict === ABORTED) return undefined;
  if (verdict.level === 'error') return { reason: undefined, cause: undefined, error: describeFailure(failure) };
  if (!isInstance(failure, Refusal)) {
    const { stack: _stack, ...error } = describeFailure(failure);
    return { reason: undefined, cause: undefined, error };
  }
  return {
    reason: typeof failure.reason === 'string' ? cleanText(failure.reason, 500) : undefined,
    cause: failure.cause === undefined ? undefined : describeFailure(failure.cause),
    error: undefined,
  };
}
