import { ConfigError } from '../../errors.ts';
import { nearest } from '../../options.ts';
import {
  type CspDirectives,
  DEFAULT_DIRECTIVES,
  DIRECTIVES,
  type DirectiveName,
  type DirectiveValue,
} from './csp-directives.ts';
import { checkValues, isDangerous } from './csp-sources.ts';

/** A content security policy as a developer writes it; helmet's shape. */
export interface CspOptions {
  /** Directives; each one named replaces that one alone, the others keep their defaults. `false` takes one out. */
  readonly directives?: CspDirectives | undefined;
  /** `false` starts from an empty policy instead of the defaults. Default `true`. */
  readonly useDefaults?: boolean | undefined;
  /** `true` reports what would be blocked and blocks nothing. Default `false`. */
  readonly reportOnly?: boolean | undefined;
  /**
   * Adds `sandbox` where the answer is data (JSON, XML, SVG), so that a browser that opens it directly runs nothing
   * in it (ASVS 3.2.1). Default `true`.
   */
  readonly sandboxData?: boolean | undefined;
  /**
   * Sources that undo the policy, each as directive and source: `["style-src 'unsafe-inline'"]`. They are added to
   * their directives, and can be had in no other way.
   */
  readonly dangerouslyAllow?: readonly string[] | undefined;
}

/** Directives by their header names, checked. */
export type DirectiveMap = ReadonlyMap<DirectiveName, readonly string[]>;

/**
 * Checks a content security policy where it is written, and returns it for `contentSecurityPolicy`.
 *
 * @param directives - by name, typed: `scriptSrc`, `imgSrc`, …
 * @param options - `dangerouslyAllow`, `reportOnly`, `useDefaults`, `sandboxData`
 * @throws ConfigError for an unknown directive, a keyword without quotes, `'none'` beside others, a literal nonce,
 *   a character that would begin another directive, and a source that undoes the policy (CWE-1021, CWE-79, CWE-693)
 * @see https://www.w3.org/TR/CSP3/ ASVS 3.4.3
 * @example headers({ contentSecurityPolicy: csp({ imgSrc: ["'self'", 'https://img.example'] }) })
 */
export function csp(directives: CspDirectives, options: Omit<CspOptions, 'directives'> = {}): CspOptions {
  buildDirectives({ ...options, directives }, 'csp()');
  return { ...options, directives };
}

/**
 * Directive names in one spelling, so that layers can be laid over each other.
 *
 * @throws ConfigError for an unknown directive, or one that is named in both spellings
 */
export function nameDirectives(given: CspDirectives, field: string): Partial<Record<DirectiveName, DirectiveValue>> {
  const named: Partial<Record<DirectiveName, DirectiveValue>> = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const name = directiveName(key, field);
    if (name in named) {
      throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
        field: `${field}.${key}`,
        message: `${name} is named twice, as ${camel(name)} and as ${name}`,
        fix: 'keep one of them',
      });
    }
    named[name] = value;
  }
  return named;
}

/** The checked directives of a policy, with the defaults below it and the escape hatches in it. */
export function buildDirectives(options: CspOptions, field: string): DirectiveMap {
  const allowed = readHatches(options.dangerouslyAllow ?? [], `${field}.dangerouslyAllow`);
  const given = nameDirectives(options.directives ?? {}, field);
  const map = new Map<DirectiveName, readonly string[]>();
  if (options.useDefaults !== false) {
    for (const [name, values] of Object.entries(DEFAULT_DIRECTIVES)) map.set(name as DirectiveName, values);
  }
  for (const [key, value] of Object.entries(given)) {
    const name = key as DirectiveName;
    if (value === false || value === null) map.delete(name);
    else map.set(name, checkValues(name, value, `${field}.${camel(name)}`, allowed));
  }
  for (const hatch of allowed) {
    const [name, source] = hatch.split(' ') as [DirectiveName, string];
    const present = (map.get(name) ?? []).filter((value) => value !== "'none'");
    map.set(name, present.includes(source) ? present : [...present, source]);
  }
  if (!map.has('default-src')) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: `${field}.defaultSrc`,
      message: 'without default-src, everything that is not named may come from anywhere',
      fix: `give it sources, such as ["'self'"] or ["'none'"]`,
    });
  }
  return map;
}

/** `script-src` → `scriptSrc`: the name that error messages use. */
function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function directiveName(key: string, field: string): DirectiveName {
  const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (Object.hasOwn(DIRECTIVES, name)) return name as DirectiveName;
  const near = nearest(name, Object.keys(DIRECTIVES));
  throw new ConfigError('ERR_CONFIG_UNKNOWN_KEY', {
    field: `${field}.${key}`,
    message: `there is no such directive${near === undefined ? '' : ` (did you mean "${camel(near)}"?)`}`,
    fix: `use one of: ${Object.keys(DIRECTIVES).map(camel).join(', ')}`,
  });
}

function readHatches(given: readonly string[], field: string): ReadonlySet<string> {
  const hatches = new Set<string>();
  given.forEach((hatch, i) => {
    const [key = '', source = '', rest] = hatch.trim().split(/\s+/);
    const at = `${field}[${i}]`;
    if (key === '' || source === '' || rest !== undefined) {
      throw new ConfigError('ERR_CONFIG_VALUE', {
        field: at,
        message: `${JSON.stringify(hatch)} is not one directive and one source`,
        fix: `write both: "style-src 'unsafe-inline'"`,
      });
    }
    const name = directiveName(key, at);
    checkValues(name, [source], at, new Set([`${name} ${source}`]));
    if (!isDangerous(name, source)) {
      throw new ConfigError('ERR_CONFIG_VALUE', {
        field: at,
        message: `${source} in ${name} needs no escape hatch`,
        fix: `write it among the directives: ${camel(name)}: [${JSON.stringify(source)}]`,
      });
    }
    hatches.add(`${name} ${source}`);
  });
  return hatches;
}
