import { isAlgorithm, type JwsAlgorithm } from './algorithms.ts';
import { decodeBase64url } from './base64url.ts';
import { type JsonObject, readJsonObject } from './json-object.ts';
import { selectKey, type VerifyKeys } from './key-set.ts';
import { isSignatureOf } from './signature.ts';
import { TokenError } from './token-error.ts';

/** A JWS whose signature is good. */
export interface VerifiedJws {
  readonly header: JsonObject;
  readonly payload: Buffer;
}

/** What a verifier allows. */
export interface CompactRules {
  readonly algorithms: ReadonlySet<JwsAlgorithm>;
  /** Characters of the whole. */
  readonly maxLength: number;
}

/** Headers that bring a key or say where one is: who signs would choose what he is checked with (RFC 8725 3.10). */
const KEYS_OF_THE_SENDER = ['jwk', 'jku', 'x5c', 'x5u'] as const;
/** Extensions that change what is signed, and the marks of encryption and compression: none of them is understood here. */
const CRITICAL = ['crit', 'b64', 'zip', 'enc', 'epk'] as const;
const LONGEST_HEADER = 4096;

/** Headers as they were written, and read: all tokens of a key have the same. Only those of good signatures come in. */
const HEADERS = new Map<string, JsonObject>();
const MOST_HEADERS = 64;
const LONGEST_KNOWN_HEADER = 256;

/**
 * Verifies a compact JWS against keys that were judged before. Synchronous.
 *
 * @throws TokenError
 * @example verifyCompact(compact, readVerifyKeys(jwks, 'keys'), { algorithms: new Set(['EdDSA']), maxLength: 8192 })
 */
export function verifyCompact(compact: unknown, keys: VerifyKeys, rules: CompactRules): VerifiedJws {
  if (typeof compact !== 'string') throw new TokenError('not-compact');
  if (compact.length > rules.maxLength) throw new TokenError('too-large');
  const [protectedHeader = '', content = '', signed = '', ...more] = compact.split('.', 4);
  if (more.length > 0 || protectedHeader === '' || signed === '') throw new TokenError('not-compact');
  if (protectedHeader.length > LONGEST_HEADER) throw new TokenError('too-large');

  const header = HEADERS.get(protectedHeader) ?? readHeader(decode(protectedHeader));
  const payload = decode(content);
  const signature = decode(signed);
  const { alg, kid } = header;
  if (!isAlgorithm(alg) || !rules.algorithms.has(alg)) throw new TokenError('algorithm');
  const { key, algorithms } = selectKey(keys, kid as string | undefined);
  // The key says which algorithm, never the token: an HMAC of a public key ends here.
  if (!algorithms.has(alg)) throw new TokenError('algorithm');
  const data = compact.slice(0, protectedHeader.length + 1 + content.length);
  if (!isSignatureOf(data, signature, key, alg)) throw new TokenError('signature');
  remember(protectedHeader, header);
  return { header, payload };
}

/** A header is the same whatever key it comes with: who signs with many different ones only makes the others be read again. */
function remember(text: string, header: JsonObject): void {
  if (HEADERS.has(text) || text.length > LONGEST_KNOWN_HEADER) return;
  if (HEADERS.size >= MOST_HEADERS) HEADERS.clear();
  // A text that was cut out of a token would keep the whole of it.
  HEADERS.set(Buffer.from(text, 'latin1').toString('latin1'), Object.freeze(header));
}

function readHeader(raw: Buffer): JsonObject {
  const header = readJsonObject(raw, 'header');
  if (KEYS_OF_THE_SENDER.some((name) => name in header)) throw new TokenError('header-key');
  if (CRITICAL.some((name) => name in header)) throw new TokenError('critical');
  const { kid, typ } = header;
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) throw new TokenError('header');
  if (typ !== undefined && typeof typ !== 'string') throw new TokenError('header');
  return header;
}

function decode(part: string): Buffer {
  const bytes = decodeBase64url(part);
  if (bytes === undefined) throw new TokenError('encoding');
  return bytes;
}
