import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ConfigError } from '../../../errors.ts';

/** What an API key's text says before anything is looked up. */
export interface ApiKeyText {
  readonly prefix: string;
  readonly id: string;
}

/** The prefix of keys where the app names none. */
export const DEFAULT_PREFIX = 'bwk';

/** How a prefix looks: small letters and digits, in parts that an underscore joins. */
export const PREFIX: RegExp = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 16;
/** 62^43 is just over 2^256. */
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;

/**
 * The regular expression of API keys, for secret scanners: prefix, id of 16, secret of 43, checksum of 6 characters in base62.
 *
 * @throws ConfigError for what is no prefix
 * @example apiKeyPattern('acme_live').source // '\\bacme_live_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}\\b'
 */
export function apiKeyPattern(prefix: string = DEFAULT_PREFIX): RegExp {
  if (!PREFIX.test(prefix)) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: 'apiKeyPattern()',
      message: 'it is no prefix of API keys',
      fix: 'write small letters and digits, with "_" between, as in tokens.apiKeys.prefix',
    });
  }
  return new RegExp(`\\b${prefix}_[0-9A-Za-z]{${ID_LENGTH}}_[0-9A-Za-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}\\b`);
}

const WHOLE = /^([a-z][a-z0-9]*(?:_[a-z0-9]+)*)_([0-9A-Za-z]{16})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;
const LONGEST = 128;

/** Makes the text of a key: 256 random bits, and the CRC-32 of all that stands before it. */
export function makeApiKey(prefix: string): { readonly id: string; readonly key: string } {
  // 16 characters of 62 are 95 bits.
  const id = base62(randomBytes(12), ID_LENGTH + 1).slice(-ID_LENGTH);
  const body = `${prefix}_${id}_${base62(randomBytes(32), SECRET_LENGTH)}`;
  return { id, key: body + checksumOf(body) };
}

/**
 * Whether a text is an API key, by its form and its checksum: offline, without asking a store. For secret scanners, and so
 * that a mistyped or made-up key costs no look-up.
 *
 * @param prefix - `bwk` unless the app names another
 * @example isApiKey(text)
 */
export function isApiKey(text: unknown, prefix: string = DEFAULT_PREFIX): text is string {
  return readApiKey(text, prefix) !== undefined;
}

/** The id of a key whose checksum is right; undefined for any other text. */
export function readApiKey(text: unknown, prefix: string): ApiKeyText | undefined {
  if (typeof text !== 'string' || text.length > LONGEST) return undefined;
  const [, own = '', id = '', secret = '', checksum = ''] = WHOLE.exec(text) ?? [];
  if (own !== prefix || checksumOf(`${own}_${id}_${secret}`) !== checksum) return undefined;
  return { prefix, id };
}

/** Whether a text claims to be a key of this prefix: then it is judged as one, and as nothing else. */
export function looksLikeApiKey(text: unknown, prefix: string): text is string {
  return typeof text === 'string' && text.startsWith(`${prefix}_`) && !text.includes('.');
}

function checksumOf(body: string): string {
  return digits(BigInt(crc32(body)), CHECKSUM_LENGTH);
}

function base62(bytes: Buffer, length: number): string {
  return digits(BigInt(`0x${bytes.toString('hex')}`), length);
}

function digits(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = DIGITS.charAt(Number(rest % 62n)) + text;
  return text.padStart(length, '0');
}
