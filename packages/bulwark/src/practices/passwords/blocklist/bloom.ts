import { createHash } from 'node:crypto';

/** A set that answers "surely not" or "very likely": some 18 bits for each text, and none of the texts. */
export interface Bloom {
  readonly bits: Uint8Array;
  /** How many bits stand for one text. */
  readonly hashes: number;
}

/** Whether a text was put in. No text that was is ever missed; of those that were not, a few are taken for one that was. */
export function has({ bits, hashes }: Bloom, text: string): boolean {
  for (const place of places(text, bits.length * 8, hashes)) {
    if (((bits[place >>> 3] ?? 0) & (1 << (place & 7))) === 0) return false;
  }
  return true;
}

/** Puts a text in. */
export function add({ bits, hashes }: Bloom, text: string): void {
  for (const place of places(text, bits.length * 8, hashes)) {
    bits[place >>> 3] = (bits[place >>> 3] ?? 0) | (1 << (place & 7));
  }
}

/** A filter for so many texts, which takes a stranger for one of them with this probability. */
export function emptyBloom(texts: number, probability: number): Bloom {
  const bits = (-texts * Math.log(probability)) / Math.LN2 ** 2;
  return { bits: new Uint8Array(Math.ceil(bits / 8)), hashes: Math.max(1, Math.round((bits / texts) * Math.LN2)) };
}

/** Kirsch and Mitzenmacher: two hashes do for all places. SHA-256 because it is at hand, not for its strength. */
function* places(text: string, size: number, hashes: number): Generator<number> {
  const digest = createHash('sha256').update(text, 'utf8').digest();
  const first = digest.readUIntBE(0, 6);
  // Odd, so that no place comes twice too soon.
  const second = digest.readUInt32BE(6) | 1;
  for (let i = 0; i < hashes; i++) yield (first + i * (second >>> 0)) % size;
}
