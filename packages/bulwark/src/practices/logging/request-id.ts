import { randomFillSync } from 'node:crypto';

/** Of random bytes that are drawn at once: 128 ids. */
const DRAWN = 2048;
const BYTES_OF_ID = 16;
const ID_LENGTH = 36;
const DASH = 0x2d;
const HEX = '0123456789abcdef';

let ids = '';
let at = 0;

/**
 * A request id: a UUID of version 4, drawn and spelled 128 at a time.
 *
 * Random, not counted: each answer shows an id, and from a counted one those of all other requests would be known, and a
 * trace id made of it would not be random, as W3C Trace Context wants it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.4
 * @example newRequestId() // '0b6cd6d1-3b5e-4c52-9a0e-5f6d3d1a8c07'
 */
export function newRequestId(): string {
  if (at === ids.length) {
    ids = spell(randomFillSync(Buffer.allocUnsafe(DRAWN)));
    at = 0;
  }
  at += ID_LENGTH;
  return ids.slice(at - ID_LENGTH, at);
}

function spell(random: Uint8Array): string {
  const letters = Buffer.allocUnsafe((random.length / BYTES_OF_ID) * ID_LENGTH);
  let end = 0;
  for (let i = 0; i < random.length; i++) {
    const byte = random[i] ?? 0;
    const place = i % BYTES_OF_ID;
    if (place === 4 || place === 6 || place === 8 || place === 10) letters[end++] = DASH;
    // Four bits say the version, two the variant.
    const bits = place === 6 ? (byte & 0x0f) | 0x40 : place === 8 ? (byte & 0x3f) | 0x80 : byte;
    letters[end] = HEX.charCodeAt(bits >> 4);
    letters[end + 1] = HEX.charCodeAt(bits & 0x0f);
    end += 2;
  }
  return letters.toString('latin1');
}
