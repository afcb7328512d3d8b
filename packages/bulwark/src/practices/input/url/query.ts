import { objectionToName } from '../body/body-keys.ts';
import type { ResolvedQueryOptions } from './url-options.ts';

/** `name[]` and `name[0]` to `name[19]`: what every version and setting of `qs` makes a list of. */
const LIST_NAME = /^([^[\]]+)\[(\d|1\d)?\]$/;

const OBJECT = "a parameter's name makes an object of it (query.objects)";

/**
 * The rule for queries, over the query as it was sent: Express 4 and 5 parse it in different ways, later, and on
 * Express 5 nothing may be assigned to `req.query`. CWE-1321, CWE-235, CWE-843, CWE-943; ASVS 15.3.6, 15.3.7, 2.2.1.
 *
 * @returns a function that says what is wrong with a query (without its `?`), or undefined
 * @example queryRule(QUERY_DEFAULTS)('a[$ne]=1') // "a parameter's name makes an object of it (query.objects)"
 */
export function queryRule(options: ResolvedQueryOptions): (query: string) => string | undefined {
  const { parameterLimit, objects, duplicates } = options;
  const tooMany = `more than ${parameterLimit} parameters (query.parameterLimit)`;

  return function objectionToQuery(query) {
    const encoded = query.includes('%');
    if (encoded) {
      const objection = objectionToEncoding(query);
      if (objection !== undefined) return objection;
    }
    // Most queries are short, and have nothing in their names that could be at fault.
    const few = query.length < parameterLimit && duplicates === 'allow';
    if (few && !encoded && !query.includes('[') && !query.includes('proto')) return undefined;

    const seen = new Set<string>();
    let count = 0;
    for (let start = 0; start <= query.length; ) {
      if (++count > parameterLimit) return tooMany;
      const found = query.indexOf('&', start);
      const end = found === -1 ? query.length : found;
      const objection = objectionToParameter(nameOf(query.slice(start, end), encoded), seen);
      if (objection !== undefined) return objection;
      start = end + 1;
    }
    return undefined;
  };

  function objectionToParameter(name: string, seen: Set<string>): string | undefined {
    if (name === '') return undefined;
    if (objectionToName(name) !== undefined) return "a parameter's name reaches a prototype";
    if (!name.includes('[')) {
      if (duplicates === 'refuse' && seen.has(name)) return 'a parameter comes twice (query.duplicates)';
      seen.add(name);
      return undefined;
    }
    const list = LIST_NAME.exec(name);
    if (objects === 'refuse') {
      // Two values at one index make a list within the list.
      if (list === null || (list[2] !== undefined && seen.has(name))) return OBJECT;
      seen.add(name);
    }
    return duplicates === 'refuse' && list !== null ? 'a parameter is a list (query.duplicates)' : undefined;
  }
}

function objectionToEncoding(query: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(query);
  } catch {
    return 'the percent-encoding of the query cannot be decoded';
  }
  return decoded.includes('\u0000') ? 'the query holds a zero byte' : undefined;
}

/**
 * The name of one parameter, where `qs` sees its end: at `]=` before `=`. What the plain parser takes for the name is the
 * beginning of it, so what is refused in one is refused in both.
 */
function nameOf(pair: string, encoded: boolean): string {
  const text = encoded ? pair.replace(/%5b/gi, '[').replace(/%5d/gi, ']') : pair;
  const bracket = text.indexOf(']=');
  const end = bracket === -1 ? text.indexOf('=') : bracket + 1;
  const name = end === -1 ? text : text.slice(0, end);
  const spaced = name.includes('+') ? name.replaceAll('+', ' ') : name;
  // The whole query can be decoded, so each name can.
  return encoded && spaced.includes('%') ? decodeURIComponent(spaced) : spaced;
}
