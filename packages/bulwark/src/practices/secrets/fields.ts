import { ConfigError } from '../../errors.ts';
import { type ByteSize, type Duration, parseByteSize, parseDuration } from '../../units.ts';
import {
  absentOf,
  checkOptions,
  type EnvField,
  field,
  type Maybe,
  type Optionality,
  type Reading,
  specOf,
} from './field.ts';

/** Options of `env.string()`. */
export interface StringOptions extends Optionality<string> {
  /** What the whole value must match. */
  readonly pattern?: RegExp;
}

/** Any text. */
export function string<const O extends StringOptions = object>(options?: O): EnvField<Maybe<string, O>> {
  const given: StringOptions = options ?? {};
  checkOptions('env.string()', given, ['pattern', 'default', 'optional']);
  const { pattern } = given;
  // A pattern with the flag g or y remembers where it stopped; with m, ^ and $ are ends of lines.
  const whole = pattern && new RegExp(`(?<![^])(?:${pattern.source})(?![^])`, pattern.flags.replace(/[gy]/g, ''));
  const fix = pattern === undefined ? 'set it' : `set it to a text that matches ${pattern} from end to end`;
  return field<string>({
    parse: (text) =>
      whole === undefined || whole.test(text) ? { value: text } : { problem: `does not match ${pattern}`, fix },
    fix,
    ...absentOf(given, 'env.string()'),
  });
}

/** Options of `env.integer()`. */
export interface IntegerOptions extends Optionality<number> {
  readonly min?: number;
  readonly max?: number;
}

/** A whole number in decimal digits. */
export function integer<const O extends IntegerOptions = object>(options?: O): EnvField<Maybe<number, O>> {
  const given: IntegerOptions = options ?? {};
  checkOptions('env.integer()', given, ['min', 'max', 'default', 'optional']);
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = given;
  if (!(Number.isSafeInteger(min) && Number.isSafeInteger(max) && min <= max)) {
    throw unusable('env.integer()', 'min and max are no range of whole numbers');
  }
  const range = [
    ...(given.min === undefined ? [] : [`from ${min}`]),
    ...(given.max === undefined ? [] : [`up to ${max}`]),
  ].join(' ');
  return number(`a whole number${range === '' ? '' : ` ${range}`}`, min, max, absentOf(given, 'env.integer()'));
}

/** A TCP port, 0 to 65535; 0 takes a free one. */
export function port<const O extends Optionality<number> = object>(options?: O): EnvField<Maybe<number, O>> {
  const given: Optionality<number> = options ?? {};
  checkOptions('env.port()', given, ['default', 'optional']);
  return number('a port from 0 to 65535', 0, 65_535, absentOf(given, 'env.port()'));
}

function number(what: string, min: number, max: number, absent: { absent?: { value: number } }): EnvField<number> {
  const fix = `set it to ${what}`;
  const fits = (value: number): boolean => Number.isSafeInteger(value) && value >= min && value <= max;
  if (absent.absent?.value !== undefined && !fits(absent.absent.value)) {
    throw unusable('default', `it is not ${what}`);
  }
  return field<number>({
    parse: (text) => {
      const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
      return fits(value) ? { value } : { problem: `is not ${what}`, fix };
    },
    fix,
    ...absent,
  });
}

const TRUE: ReadonlySet<string> = new Set(['true', '1', 'yes', 'on']);
const FALSE: ReadonlySet<string> = new Set(['false', '0', 'no', 'off']);

/** `true`, `1`, `yes`, `on`, or `false`, `0`, `no`, `off`, in any case; everything else is a mistake and no `false`. */
export function boolean<const O extends Optionality<boolean> = object>(options?: O): EnvField<Maybe<boolean, O>> {
  const given: Optionality<boolean> = options ?? {};
  checkOptions('env.boolean()', given, ['default', 'optional']);
  const fix = 'set it to true or false';
  return field<boolean>({
    parse: (text) => {
      const word = text.toLowerCase();
      if (TRUE.has(word)) return { value: true };
      return FALSE.has(word) ? { value: false } : { problem: 'is neither true nor false', fix };
    },
    fix,
    ...absentOf(given, 'env.boolean()'),
  });
}

/** One of a list of words, exactly. */
export function oneOf<const T extends readonly [string, ...string[]], const O extends Optionality<T[number]> = object>(
  values: T,
  options?: O,
): EnvField<Maybe<T[number], O>> {
  const given: Optionality<T[number]> = options ?? {};
  checkOptions('env.oneOf()', given, ['default', 'optional']);
  if (given.default !== undefined && !values.includes(given.default)) {
    throw unusable('env.oneOf().default', `it is none of ${values.join(', ')}`);
  }
  const fix = `set it to one of: ${values.join(', ')}`;
  return field<T[number]>({
    parse: (text) =>
      values.includes(text) ? { value: text } : { problem: 'is none of the words that it may be', fix },
    fix,
    ...absentOf(given, 'env.oneOf()'),
  });
}

/** A length of time such as `30s` or `10m`; the value is in milliseconds. */
export function duration<const O extends Optionality<Duration> = object>(options?: O): EnvField<Maybe<number, O>> {
  return unit('env.duration()', options ?? {}, parseDuration, 'a duration such as 30s or 10m');
}

/** A size such as `100kb` or `1mb`; the value is in bytes. */
export function size<const O extends Optionality<ByteSize> = object>(options?: O): EnvField<Maybe<number, O>> {
  return unit('env.size()', options ?? {}, parseByteSize, 'a size such as 100kb or 1mb');
}

function unit(
  kind: string,
  given: Optionality<number | string>,
  parse: (value: string | number, field: string) => number,
  what: string,
): EnvField<number> {
  checkOptions(kind, given, ['default', 'optional']);
  const fix = `set it to ${what}`;
  const fallback = given.default === undefined ? undefined : parse(given.default, `${kind}.default`);
  const absent = absentOf<number>(
    {
      ...(fallback === undefined ? {} : { default: fallback }),
      ...(given.optional === undefined ? {} : { optional: given.optional }),
    },
    kind,
  );
  return field<number>({
    parse: (text): Reading<number> => {
      try {
        return { value: parse(text, kind) };
      } catch {
        return { problem: `is not ${what}`, fix };
      }
    },
    fix,
    ...absent,
  });
}

/** Options of `env.url()`. */
export interface UrlOptions extends Optionality<string> {
  /** Which schemes it may have, without the colon. Default `['https', 'http']`. */
  readonly protocols?: readonly string[];
}

/** An address without credentials, as it was written. For one with a password there is `env.secretUrl()`. */
export function url<const O extends UrlOptions = object>(options?: O): EnvField<Maybe<string, O>> {
  const given: UrlOptions = options ?? {};
  checkOptions('env.url()', given, ['protocols', 'default', 'optional']);
  const protocols = (given.protocols ?? ['https', 'http']).map((name) => `${name.replace(/:$/, '')}:`);
  const what = `a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`;
  const fix = `set it to ${what}`;
  return field<string>({
    parse: (text) => {
      const parsed = URL.parse(text);
      if (parsed === null || !protocols.includes(parsed.protocol)) return { problem: `is not ${what}`, fix };
      if (parsed.username === '' && parsed.password === '') return { value: text };
      return {
        problem: 'holds a user name or a password, which would be printed',
        fix: 'read it with env.secretUrl()',
      };
    },
    fix,
    ...absentOf(given, 'env.url()'),
  });
}

/** Values between commas, each read by a field of its own; by default, texts. */
export function list<T = string, const O extends Optionality<readonly T[]> = object>(
  of?: EnvField<T>,
  options?: O,
): EnvField<Maybe<readonly T[], O>> {
  const given: Optionality<readonly T[]> = options ?? {};
  checkOptions('env.list()', given, ['default', 'optional']);
  const spec = specOf(of ?? string());
  if (spec === undefined) throw unusable('env.list()', 'what it lists is no field');
  if (spec.secret === true) throw unusable('env.list()', 'secrets do not stand in plain lists: use env.secrets()');
  const fix = `set it to values between commas; each: ${spec.fix}`;
  return field<readonly T[]>({
    parse: (text, variable) => {
      const values: T[] = [];
      for (const [i, part] of text.split(',').entries()) {
        const reading = part.trim() === '' ? { problem: 'is empty', fix } : spec.parse(part.trim(), variable);
        if ('problem' in reading) return { problem: `has a value, number ${i + 1}, that ${reading.problem}`, fix };
        values.push(reading.value as T);
      }
      return { value: Object.freeze(values) };
    },
    fix,
    ...absentOf(given, 'env.list()'),
  });
}

function unusable(fieldName: string, message: string): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', { field: fieldName, message, fix: 'see the documentation of env()' });
}
