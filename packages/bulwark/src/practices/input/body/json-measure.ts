const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Shorter strings are cheaper to walk than to search. */
const SHORT = 64;

/** What JSON is made of, told without parsing it. */
export interface JsonMeasure {
  /**
   * Its colons outside of strings: the number of members, for in JSON a colon stands after each key and nowhere else. Fewer
   * keys in the parsed value mean that some object had a key twice, however it was spelt.
   */
  readonly members: number;
  /** Levels of objects and lists; `{}` is one. */
  readonly depth: number;
}

/**
 * Measures JSON in one look at its bytes, before it is parsed: what nests too deep or has too many members need not become
 * objects, which take many times the memory of the text.
 *
 * Of text that is no JSON it tells something: what fits must still be parsed.
 *
 * @example measureJson(Buffer.from('{"a":1,"\\u0061":{"b:c":2}}')) // { members: 3, depth: 2 }
 */
export function measureJson(raw: Buffer): JsonMeasure {
  let members = 0;
  let open = 0;
  let depth = 0;
  for (let i = 0; i < raw.length; i++) {
    const byte = raw[i];
    if (byte === QUOTE) i = endOfString(raw, i + 1);
    else if (byte === COLON) members++;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++open > depth) depth = open;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) open--;
  }
  return { members, depth };
}

/** Where the quote stands that ends the string whose first byte is at `start`. */
function endOfString(raw: Buffer, start: number): number {
  let i = start;
  for (const near = Math.min(start + SHORT, raw.length); i < near; i++) {
    const byte = raw[i];
    if (byte === QUOTE) return i;
    if (byte === BACKSLASH) i++;
  }
  for (;;) {
    const quote = raw.indexOf(QUOTE, i);
    if (quote === -1) return raw.length;
    let slashes = 0;
    while (quote - slashes > i && raw[quote - slashes - 1] === BACKSLASH) slashes++;
    // An odd number of backslashes means that the last of them stands for the quote.
    if (slashes % 2 === 0) return quote;
    i = quote + 1;
  }
}
