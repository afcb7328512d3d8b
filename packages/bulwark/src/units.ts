import { ConfigError } from './errors.ts';

/** A length of time: milliseconds, or a number with a unit: `'500ms'`, `'30s'`, `'10m'`, `'12h'`, `'7d'`. */
export type Duration = number | string;

/** A size in bytes: a number, or a number with a unit: `'512b'`, `'100kb'`, `'1mb'` (1 kb = 1024 bytes). */
export type ByteSize = number | string;

const MILLISECONDS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Record<string, number> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/**
 * Reads a duration and returns milliseconds.
 *
 * An unreadable value throws: a limit that silently became `NaN` would limit nothing (CVE-2026-12590 was that).
 *
 * @param value - milliseconds, or text such as `'10m'`
 * @param field - the setting's name, for the error
 * @throws ConfigError `ERR_CONFIG_VALUE`
 * @example parseDuration('10m', 'limits.requestTimeout') // 600000
 */
export function parseDuration(value: Duration, field: string): number {
  return parseUnit(value, field, MILLISECONDS, 'a duration such as "30s" or "10m", or milliseconds');
}

/**
 * Reads a size and returns bytes.
 *
 * @param value - bytes, or text such as `'100kb'`
 * @param field - the setting's name, for the error
 * @throws ConfigError `ERR_CONFIG_VALUE`
 * @example parseByteSize('1mb', 'input.json.limit') // 1048576
 */
export function parseByteSize(value: ByteSize, field: string): number {
  return parseUnit(value, field, BYTES, 'a size such as "100kb" or "1mb", or bytes');
}

function parseUnit(value: number | string, field: string, units: Record<string, number>, expected: string): number {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(value.trim()) : null;
  const unit = match ? units[match[2]?.toLowerCase() ?? ''] : 1;
  const result = Number(match ? match[1] : value) * (unit ?? Number.NaN);
  if (typeof value === 'string' && !match) throw invalid(value, field, expected);
  if (!Number.isFinite(result) || result <= 0) throw invalid(value, field, expected);
  return Math.round(result);
}

function invalid(value: unknown, field: string, expected: string): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `${JSON.stringify(value) ?? String(value)} is not ${expected}`,
    fix: `write ${expected}`,
  });
}
