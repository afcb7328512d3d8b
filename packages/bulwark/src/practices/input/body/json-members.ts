const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Shorter strings are cheaper to walk than to search. */
const SHORT = 64;

/**
 * The number of members that valid JSON was written with: its colons outside of strings, for in JSON a colon stands after
 * each key and nowhere else. Fewer keys in the parsed value mean that some object had a key twice, however it was spelt.
 *
 * Of text that is no JSON it counts something: parse it first.
 *
 * @example countMembers(Buffer.from('{"a":1,"\\u0061":{"b:c":2}}')) // 3
 */
export function countMembers(raw: Buffer): number {
  let members = 0;
  for (let i = 0; i < raw.length; i++) {
    const byte = raw[i];
    if (byte === COLON) members++;
    else if (byte === QUOTE) i = endOfString(raw, i + 1);
  }
  return members;
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
