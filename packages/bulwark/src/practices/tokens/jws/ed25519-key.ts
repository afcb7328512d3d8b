/** The y of the points of small order, little-endian without the sign bit. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
]);
const P_MIDDLE = 'ff'.repeat(30);

/**
 * What makes an Ed25519 public key unfit; undefined where nothing does.
 *
 * For a point of small order signatures can be written down that fit any message, and OpenSSL accepts them (CWE-347).
 * Encodings of 2^255-19 and more name a point twice.
 *
 * @param x - the 32 bytes of JWK's `x`
 */
export function objectionToEd25519(x: Buffer): string | undefined {
  const y = Buffer.from(x);
  y[31] = (y[31] ?? 0) & 0x7f;
  const hex = y.toString('hex');
  if (SMALL_ORDER.has(hex)) return 'it is a point of small order, for which anybody can sign';
  const isNotReduced = y[31] === 0x7f && hex.slice(2, 62) === P_MIDDLE && (y[0] ?? 0) >= 0xed;
  return isNotReduced ? 'its point is not written in its only form' : undefined;
}
