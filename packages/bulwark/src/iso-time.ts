let at = Number.NaN;
let text = '';

/**
 * The time now as `Date.prototype.toISOString` writes it, made once in a millisecond.
 *
 * @example isoNow() // '2026-11-23T10:00:00.000Z'
 */
export function isoNow(): string {
  const now = Date.now();
  if (now !== at) {
    at = now;
    text = new Date(now).toISOString();
  }
  return text;
}
