import { markSafe, type SafeHtml } from './safe-html.ts';

/** `<` could end the script or begin a comment; `&` is an entity in XHTML; the last two ended a line in older JavaScript. */
const UNSAFE = /[<>&\u2028\u2029]/g;

/**
 * JSON for a `<script>`: of type `application/json`, or inline with a nonce. It reads as the same value, and no text in it
 * ends the script. Within a tag it is escaped, so `data-cart="<%- json(cart) %>"` is right too.
 *
 * `toJSON` is called as JSON.stringify calls it. A key named `__proto__` is left out: in a script it would be no key but
 * the object's prototype (CWE-1321).
 *
 * @throws TypeError for what has no JSON: undefined, functions, symbols, BigInt, an object within itself
 * @see ASVS 5.0 1.2.3, CWE-79, https://www.rfc-editor.org/rfc/rfc8259
 * @example <script type="application/json" id="cart"><%- json(cart) %></script>
 */
export function json(value: unknown): SafeHtml {
  let text = stringify(value);
  if (text?.includes('"__proto__"')) text = stringify(value, withoutPrototype);
  if (text === undefined) {
    throw new TypeError(`json(): ${typeof value} has no JSON. Fix: pass null, or leave the script out`);
  }
  return markSafe(text.replace(UNSAFE, escapeUnit), 'json');
}

function stringify(value: unknown, replacer?: (key: string, value: unknown) => unknown): string | undefined {
  try {
    // Its type says string, but what has no JSON gives undefined.
    return JSON.stringify(value, replacer);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    if (/BigInt/.test(error.message)) {
      throw new TypeError('json(): JSON has no BigInt. Fix: pass String(value)', { cause: error });
    }
    if (/circular/i.test(error.message)) {
      throw new TypeError('json(): an object holds itself. Fix: pass the fields that the page needs', { cause: error });
    }
    throw error;
  }
}

function withoutPrototype(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

function escapeUnit(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
