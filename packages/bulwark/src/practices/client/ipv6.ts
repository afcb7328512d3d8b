/** An IPv6 address as its eight groups of 16 bits. */
export type Groups = readonly number[];

const COLON = ':'.charCodeAt(0);

/**
 * Reads an IPv6 address that is written in hexadecimal groups, as nearly all are.
 *
 * @returns undefined for what is no address, and for what has a zone or a dotted quad: a general parser has the word there
 * @see https://www.rfc-editor.org/rfc/rfc4291#section-2.2
 * @example readGroups('2001:db8::7') // [0x2001, 0xdb8, 0, 0, 0, 0, 0, 7]
 */
export function readGroups(text: string): Groups | undefined {
  const groups = [0, 0, 0, 0, 0, 0, 0, 0];
  let count = 0;
  let gap = -1;
  let value = 0;
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== COLON) {
      const digit = hexDigit(code);
      if (digit === -1 || digits === 4 || count === 8) return undefined;
      value = value * 16 + digit;
      digits++;
      continue;
    }
    const isGap = text.charCodeAt(i + 1) === COLON;
    // Only the gap at the very beginning, or one behind a group, may be where no group stands in front.
    if (digits === 0 ? !isGap || i > 0 : !isGap && i === text.length - 1) return undefined;
    if (digits > 0) groups[count++] = value;
    if (isGap) {
      if (gap !== -1) return undefined;
      gap = count;
      i++;
    }
    value = 0;
    digits = 0;
  }
  if (digits > 0) groups[count++] = value;
  if (gap === -1 || count === 8) return gap === -1 && count === 8 ? groups : undefined;
  for (let from = count - 1, to = 7; from >= gap; from--, to--) {
    groups[to] = groups[from] ?? 0;
    groups[from] = 0;
  }
  return groups;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/**
 * Writes an address in its one spelling: lower case, without zeros in front, the longest run of zeros as `::`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5952
 * @example writeGroups([0x2001, 0xdb8, 0, 0, 0, 0, 0, 7]) // '2001:db8::7'
 */
export function writeGroups(groups: Groups): string {
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
    if (end > i) i = end;
  }
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === start) {
      text += '::';
      i += length - 1;
    } else {
      text += i === 0 || i === start + length ? hex(groups, i) : `:${hex(groups, i)}`;
    }
  }
  return text;
}

function hex(groups: Groups, index: number): string {
  return (groups[index] ?? 0).toString(16);
}

/**
 * The IPv4 address that an IPv4-mapped address (`::ffff:0:0/96`) stands for; undefined for any other.
 *
 * @example mappedAddress([0, 0, 0, 0, 0, 0xffff, 0x7f00, 1]) // '127.0.0.1'
 */
export function mappedAddress(groups: Groups): string | undefined {
  if (groups[5] !== 0xffff) return undefined;
  for (let i = 0; i < 5; i++) if (groups[i] !== 0) return undefined;
  const [, , , , , , high = 0, low = 0] = groups;
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/**
 * The first address of the network of `bits` bits that an address is in.
 *
 * @param bits - 0 to 128
 * @example networkGroups([0x2001, 0xdb8, 0, 0, 0, 0, 0, 7], 32) // [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0]
 */
export function networkGroups(groups: Groups, bits: number): Groups {
  const network = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < 8 && i * 16 < bits; i++) network[i] = (groups[i] ?? 0) & maskOf(bits - i * 16);
  return network;
}

/**
 * Whether an address is in a network.
 *
 * @param network - its first address
 * @example isInNetwork([0x2001, 0xdb8, 0, 0, 0, 0, 0, 7], [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32) // true
 */
export function isInNetwork(groups: Groups, network: Groups, bits: number): boolean {
  for (let i = 0; i < 8 && i * 16 < bits; i++) {
    if (((groups[i] ?? 0) & maskOf(bits - i * 16)) !== network[i]) return false;
  }
  return true;
}

/** The mask that keeps the first `bits` of a group's 16, all of them from 16 on. */
function maskOf(bits: number): number {
  return bits >= 16 ? 0xffff : (0xffff << (16 - bits)) & 0xffff;
}
