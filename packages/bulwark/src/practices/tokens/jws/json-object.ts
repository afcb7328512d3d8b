import { isUtf8 } from 'node:buffer';
import { objectionToShape, type ShapeLimits } from '../../input/body/body-keys.ts';
import { measureJson } from '../../input/body/json-measure.ts';
import { parseJsonText } from '../../input/body/json-text.ts';
import { TokenError, type TokenFault } from './token-error.ts';

const LIMITS: ShapeLimits = { depth: 16, keys: 256 };

/** The members of a JSON object; it has no prototype, so what is not in the text is not in it. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads the JSON object of a header or a payload: UTF-8, no name twice (RFC 7515 4, RFC 7519 4), none that reaches a
 * prototype, bounded in depth and number.
 *
 * @param fault - what it is called where it is no such object
 * @throws TokenError
 * @example readJsonObject(Buffer.from('{"alg":"EdDSA"}'), 'header').alg // 'EdDSA'
 */
export function readJsonObject(raw: Buffer, fault: TokenFault): JsonObject {
  if (!isUtf8(raw)) throw new TokenError(fault);
  const value = parse(raw, fault);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TokenError(fault);
  if (objectionToShape(value, LIMITS, measureJson(raw).members) !== undefined) {
    throw new TokenError(objectionToShape(value, LIMITS) === undefined ? 'duplicate-member' : fault);
  }
  return Object.assign(Object.create(null) as Record<string, unknown>, value);
}

function parse(raw: Buffer, fault: TokenFault): unknown {
  try {
    return parseJsonText(raw.toString('utf8'));
  } catch {
    throw new TokenError(fault);
  }
}
