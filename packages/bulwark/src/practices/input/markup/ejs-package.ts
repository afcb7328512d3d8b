import { createRequire } from 'node:module';
import { ConfigError } from '../../../errors.ts';

/** The parts of EJS that are used: its class `Template`, which its documentation makes public. */
export interface Ejs {
  readonly Template: EjsTemplateClass;
  /** What an app has set for all its templates. */
  readonly delimiter?: string;
  readonly openDelimiter?: string;
  readonly closeDelimiter?: string;
}

/** Compiles one template; `scanLine` is called for each tag and for each part between two tags. */
export interface EjsTemplate {
  /** What the next part is: one of `modes`, or null between tags. */
  mode: string | null;
  readonly currentLine: number;
  scanLine(part: string): void;
  compile(): (data: object) => string;
}

export interface EjsTemplateClass {
  new (text: string, options: object): EjsTemplate;
  readonly modes: Readonly<Record<'ESCAPED' | 'EVAL' | 'LITERAL' | 'RAW', string>>;
}

/**
 * Loads the app's own copy of EJS.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE` where it is not installed, or is no EJS
 */
export function loadEjs(): Ejs {
  let loaded: unknown;
  try {
    loaded = createRequire(import.meta.url)('ejs');
  } catch (error) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: 'templates.ejs()',
      message: `the package ejs cannot be loaded (${error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'it threw'})`,
      fix: 'npm install ejs; where it is installed elsewhere, pass it: templates.ejs({ ejs })',
    });
  }
  return requireEjs(loaded);
}

/** Checks that a value is the package. */
export function requireEjs(value: unknown): Ejs {
  const candidate = (value as { default?: unknown } | undefined)?.default ?? value;
  if (typeof (candidate as Partial<Ejs> | undefined)?.Template === 'function') return candidate as Ejs;
  throw unknownEjs('it has no class Template');
}

/** EJS is there, but does not do what the engine relies on. */
export function unknownEjs(what: string): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', {
    field: 'templates.ejs()',
    message: `this version of ejs is not understood: ${what}`,
    fix: 'install a version of ejs that was tried: 3.1.10 to 7.0.2',
  });
}
