import { ConfigError } from '../../errors.ts';
import { nearest } from '../../options.ts';
import {
  DIRECTIVES,
  type DirectiveName,
  type DirectiveValue,
  KEYWORDS,
  SANDBOX_TOKENS,
  SCRIPT_DIRECTIVES,
} from './csp-directives.ts';

const SCHEME = /^[a-z][a-z0-9+.-]*:$/i;
const HOST =
  /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])(?::(?:\d{1,5}|\*))?(?:\/[^?#'"]*)?$/i;
const HASH = /^'sha(?:256|384|512)-[a-z0-9+/_-]{43,88}={0,2}'$/i;
const TRUSTED_TYPES = /^(?:\*|'none'|'allow-duplicates'|[a-z0-9#=_/@.%-]+)$/i;
const OPEN_SOURCE = /^(?:\*(?::\*)?|(?:https?|data|blob|filesystem|wss?):(?:\/\/\*(?::\*)?\/?)?)$/i;

/** Whether a source undoes the directive that it stands in: any `unsafe-*`, or a script source that anyone can fill. */
export function isDangerous(name: string, source: string): boolean {
  if (/^'(?:wasm-)?unsafe-/i.test(source)) return true;
  return SCRIPT_DIRECTIVES.has(name) && OPEN_SOURCE.test(source);
}

/**
 * Checks one directive's value and returns its members.
 *
 * @param allowed - `directive source` pairs that an escape hatch lets through
 * @throws ConfigError naming the directive, what is wrong with which member, and what to write
 */
export function checkValues(
  name: DirectiveName,
  value: DirectiveValue,
  field: string,
  allowed: ReadonlySet<string>,
): readonly string[] {
  const kind = DIRECTIVES[name];
  if (kind === 'flag') return checkFlag(value, field);
  const values = membersOf(value, kind === 'sandbox', field).map(normalise);
  for (const [i, member] of values.entries()) {
    const at = Array.isArray(value) ? `${field}[${i}]` : field;
    refuseInjection(member, at);
    if (kind === 'sources') checkSource(name, member, at, allowed);
    else if (kind === 'sandbox') checkWord(member, SANDBOX_TOKENS, at);
    else if (kind === 'keyword') checkWord(member, ["'script'"], at);
    else if (kind === 'trusted-types' && !TRUSTED_TYPES.test(member)) throw badSource(member, at);
  }
  if (values.length > 1 && values.includes("'none'")) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field,
      message: `'none' stands beside other values, and then browsers ignore it`,
      fix: `write ["'none'"] alone, or leave it out`,
    });
  }
  return values;
}

/** Keywords in lower case; a hash is told apart by its case, and a path may be. */
function normalise(member: string): string {
  return /^'[a-z-]+'$/i.test(member) ? member.toLowerCase() : member;
}

function checkFlag(value: DirectiveValue, field: string): readonly string[] {
  if (value === true || value === '' || (Array.isArray(value) && value.length === 0)) return [];
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: 'this directive has no value',
    fix: 'write true or false',
  });
}

function membersOf(value: DirectiveValue, mayBeEmpty: boolean, field: string): readonly string[] {
  if (value === true && mayBeEmpty) return [];
  const members: unknown = typeof value === 'string' ? value.trim().split(/ +/).filter(Boolean) : value;
  if (!Array.isArray(members)) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field,
      message: 'not a list of sources',
      fix: `write ["'self'"], or false`,
    });
  }
  for (const member of members as unknown[]) {
    if (typeof member === 'string') continue;
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field,
      message: `${typeof member === 'function' ? 'a function' : JSON.stringify(member)} is not a source`,
      fix: 'write texts; a nonce needs no function: call nonceOf(req) where the page is made',
    });
  }
  if (members.length === 0 && !mayBeEmpty) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field,
      message: 'an empty list blocks everything, which is easily written by mistake',
      fix: `write ["'none'"] to block everything, or false to take the directive out`,
    });
  }
  return members as string[];
}

/** A `;` would begin another directive, a `,` another policy (CWE-113, CWE-74). */
function refuseInjection(member: string, field: string): void {
  if (member !== '' && /^[\x21-\x2b\x2d-\x3a\x3c-\x7e]+$/.test(member)) return;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `${JSON.stringify(member)} holds a space, a line break, ";" or ",", or a character outside ASCII`,
    fix: 'write each source as a member of its own; percent-encode what belongs to a path',
  });
}

function checkWord(member: string, known: readonly string[], field: string): void {
  if (known.includes(member)) return;
  const near = nearest(member, known);
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `there is no ${JSON.stringify(member)}${near === undefined ? '' : ` (did you mean ${JSON.stringify(near)}?)`}`,
    fix: `use one of: ${known.join(', ')}`,
  });
}

function checkSource(name: DirectiveName, source: string, field: string, allowed: ReadonlySet<string>): void {
  const bare = source.replaceAll("'", '').toLowerCase();
  if (bare.startsWith('nonce-')) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field,
      message: 'a nonce in the settings is the same for every response, so it protects nothing (CWE-330)',
      fix: 'remove it, and call nonceOf(req) where the page is made',
    });
  }
  if (!source.includes("'") && (KEYWORDS.includes(bare) || /^sha(?:256|384|512)-/.test(bare))) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field,
      message: `${source} without quotes is the name of a host`,
      fix: `write "'${source}'"`,
    });
  }
  if (isDangerous(name, source) && !allowed.has(`${name} ${source}`)) throw undone(name, source, field);
  if (source.startsWith("'")) {
    if (HASH.test(source)) return;
    return checkWord(
      source,
      KEYWORDS.map((word) => `'${word}'`),
      field,
    );
  }
  if (source !== '*' && !SCHEME.test(source) && !HOST.test(source)) throw badSource(source, field);
}

function undone(name: string, source: string, field: string): ConfigError {
  const better = /unsafe-inline/.test(source)
    ? 'call nonceOf(req) where the page is made, or list the hash of what stands inline'
    : 'list the origins that are meant';
  return new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `${source} lets ${name} take what an attacker sends`,
    fix: `${better}; if it cannot be avoided, dangerouslyAllow: [${JSON.stringify(`${name} ${source}`)}]`,
  });
}

function badSource(source: string, field: string): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `${JSON.stringify(source)} is not a source`,
    fix: `write a keyword ("'self'"), a host ("https://img.example"), a scheme ("data:") or a hash ("'sha256-…'")`,
  });
}
