/**
 * Decodes base64url, in the one spelling that the bytes have: no padding, no white space, no other character, and no bit
 * set that belongs to no byte. A decoder that forgives gives one token many spellings (RFC 7515 2, RFC 4648 3.5, CWE-436).
 *
 * @returns undefined for any other text
 * @example decodeBase64url('AB') // undefined: the bytes of it are written 'AA'
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

/** Encodes bytes, or text as UTF-8. */
export function encodeBase64url(content: Uint8Array | string): string {
  return Buffer.from(content as string).toString('base64url');
}
