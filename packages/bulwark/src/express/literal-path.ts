import type { Layer } from './internals.ts';

/**
 * What is sure of the paths that a layer matches, read from its path without running a matcher.
 *
 * It may say less than is true, and never more: a look-up that leaves a layer out must be right about it.
 */
export interface LiteralPath {
  /** A path that the layer matches begins with one of these rows of whole segments, in whatever case. An empty row is every path. */
  readonly prefixes: readonly (readonly string[])[];
  /** A path that the layer matches for certain, exactly as it is written here. */
  readonly exact: string | undefined;
}

/** One alternative of a path. */
interface Alternative {
  readonly segments: readonly string[];
  readonly exact: string | undefined;
}

/** No syntax of any version of Express gives these a meaning (a dot is escaped in an expression). ASCII only: case is folded. */
const PLAIN = /[\w\-~%@/]/;
/** Express 4's `:name`, with the slash before it. */
const PARAMETER = '(?:/([^/]+?))';
/** What Express 4 writes behind a path: of a route, of a strict route, of a mounted layer. */
const ENDS = ['/?$', '$', '/?(?=/|$)'];
/** Express 5: an optional part that begins with a separator and ends the path. */
const OPTIONAL_SEGMENTS = /^\{\/[^{}\\"]*\}$/;

/** What is sure of a layer's path; undefined where nothing is, so that the layer is asked about every path. */
export function literalPathOf(layer: Layer): LiteralPath | undefined {
  // A copy of Express that someone has changed may match by other rules.
  if (Object.hasOwn(layer, 'match') || isEverywhere(layer)) return undefined;
  const alternatives = layer.regexp === undefined ? alternativesOf(layer) : alternativesOfRegexp(layer.regexp);
  if (alternatives === undefined || alternatives.length === 0) return undefined;
  const prefixes = alternatives.map(({ segments }) => segments);
  return { prefixes, exact: alternatives.length === 1 ? alternatives[0]?.exact : undefined };
}

/** Whether a layer stands on every path and cuts nothing off: Express does not look at the path then. */
export function isEverywhere(layer: Layer): boolean {
  return !Object.hasOwn(layer, 'match') && (layer.slash === true || layer.regexp?.fast_slash === true);
}

/** Express 5 keeps the path as it was written; before router 2.3 only that of routes, where a list may have changed since. */
function alternativesOf({ rawPath, route }: Layer): Alternative[] | undefined {
  if (!Array.isArray(rawPath))
    return alternativesOfPath(rawPath ?? (typeof route?.path === 'string' ? route.path : ''));
  const all: Alternative[] = [];
  for (const path of rawPath) {
    const alternatives = alternativesOfPath(path);
    if (alternatives === undefined) return undefined;
    all.push(...alternatives);
  }
  return all;
}

function alternativesOfPath(path: unknown): Alternative[] | undefined {
  if (path instanceof RegExp) return alternativesOfRegexp(path);
  if (typeof path !== 'string') return undefined;
  let end = 0;
  while (end < path.length && (PLAIN.test(path.charAt(end)) || path[end] === '.')) end++;
  const literal = path.slice(0, end);
  // Slashes at the end are left away where routing is not strict: to ask for them would be to ask for too much.
  if (end === path.length) {
    const isSure = path === '/' || !path.endsWith('/');
    return [alternative(path === '/' ? path : literal.replace(/\/+$/, ''), true, isSure ? path : undefined)];
  }
  return [alternative(literal, OPTIONAL_SEGMENTS.test(path.slice(end)), undefined)];
}

/** The expressions that Express 4 makes of a path, and those of the app: a row of plain characters behind `^`, one for each `|`. */
function alternativesOfRegexp(regexp: RegExp): Alternative[] | undefined {
  // `g` and `y` remember where they were, `m` gives `^` another meaning, `u` folds case beyond ASCII.
  if (!/^i?$/.test(regexp.flags) || regexp.exec !== RegExp.prototype.exec) return undefined;
  const source = regexp.source.replaceAll('\\/', '/');
  return splitAlternatives(source).map((part) => {
    if (!part.startsWith('^')) return NOTHING_SURE;
    let literal = '';
    let at = 1;
    for (;;) {
      const char = part.charAt(at);
      const isEscaped = char === '\\' && /[-.]/.test(part.charAt(at + 1));
      if (!isEscaped && (char === '' || !PLAIN.test(char))) break;
      const next = at + (isEscaped ? 2 : 1);
      // What may be repeated or missing is not sure.
      if (/[?*+{]/.test(part.charAt(next))) break;
      literal += isEscaped ? part.charAt(at + 1) : char;
      at = next;
    }
    const rest = part.slice(at);
    if (literal === '' && rest === '/?$') return ROOT;
    const isWhole = rest === '/?$' || rest === '$';
    return alternative(literal, endsSegment(rest), isWhole ? literal : undefined);
  });
}

const NOTHING_SURE: Alternative = { segments: [], exact: undefined };
const ROOT: Alternative = { segments: [''], exact: '/' };

/** Whether what follows in an expression begins with a separator or is the end, whatever it matches. */
function endsSegment(source: string): boolean {
  let rest = source;
  while (rest.startsWith(PARAMETER)) {
    rest = rest.slice(PARAMETER.length);
    if (!/^[?*+{]/.test(rest)) return true;
    if (!rest.startsWith('?') || /^[?*+{]/.test(rest.slice(1))) return false;
    rest = rest.slice(1);
  }
  return ENDS.includes(rest);
}

/** An expression at each `|` that stands in no brackets. */
function splitAlternatives(source: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let inClass = false;
  let begin = 0;
  for (let i = 0; i < source.length; i++) {
    const char = source[i];
    if (char === '\\') i++;
    else if (inClass) inClass = char !== ']';
    else if (char === '[') inClass = true;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === '|' && depth === 0) {
      parts.push(source.slice(begin, i));
      begin = i + 1;
    }
  }
  parts.push(source.slice(begin));
  return parts;
}

/** @param isBounded - behind the literal comes a separator or the end, so that its last segment is whole */
function alternative(literal: string, isBounded: boolean, exact: string | undefined): Alternative {
  if (!literal.startsWith('/')) return NOTHING_SURE;
  const segments = literal.slice(1).split('/');
  if (!isBounded) segments.pop();
  return { segments, exact };
}
