/**
 * Parses JSON whose keys are what they say.
 *
 * V8's `JSON.parse` (Node 24 and 26, not 22) takes a key with an escape in it for the one that objects of this shape had so far,
 * where that one reads like the beginning of its source: once somebody has sent `{"id":1,"n\\":1}`, the second key of another
 * client's `{"id":1,"n\u00e9":1}` is `n\`. So one client can spoil what others send; writers of Python and PHP escape by default.
 * Without needless escapes there is nothing to be taken for something else. CWE-436, CWE-821.
 *
 * @throws SyntaxError for what is no JSON
 * @example parseJsonText('{"n\\u00e9":1}') // { 'né': 1 }
 */
export function parseJsonText(text: string): unknown {
  // First as it is: what is no JSON must not become some.
  const value: unknown = JSON.parse(text);
  return MISREADS_KEYS && NEEDLESS.test(text) ? JSON.parse(withoutNeedlessEscapes(text)) : value;
}

const NEEDLESS = /\\[u/]/;
const ESCAPE = /\\(?:u([\da-fA-F]{4})|([\s\S]))/g;

/**
 * Valid JSON with its characters written as they are, but for those that must be escaped: quote, backslash and control
 * characters.
 *
 * @example withoutNeedlessEscapes('"\\u00e9\\/\\u0022\\\\u0041"') // '"é/\\u0022\\\\u0041"'
 */
export function withoutNeedlessEscapes(text: string): string {
  return text.replace(ESCAPE, (written, hex: string | undefined, letter: string | undefined) => {
    if (hex === undefined) return letter === '/' ? '/' : written;
    const code = Number.parseInt(hex, 16);
    return code < 0x20 || code === 0x22 || code === 0x5c ? written : String.fromCharCode(code);
  });
}

/** Whether this node's parser does so: found out with a shape that nobody else has. */
const MISREADS_KEYS: boolean = misreadsKeys();

function misreadsKeys(): boolean {
  const first = JSON.parse('{"bulwark: a shape of its own":1,"n\\\\":1}') as object;
  const second = JSON.parse('{"bulwark: a shape of its own":1,"n\\u00e9":1}') as object;
  return Object.hasOwn(first, 'n\\') && !Object.hasOwn(second, 'né');
}
