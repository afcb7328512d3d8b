const SHORTEST = 2048;
/** A longer one makes each verification slow enough to be a way to keep a server busy. */
const LONGEST = 8192;
const SMALLEST_EXPONENT = 65537n;
/** FIPS 186-5 allows more; nobody uses more, and it costs time. */
const LONGEST_EXPONENT = 8;

const PRIMES: readonly number[] = Array.from({ length: 166 }, (_, i) => i + 2).filter((n) => {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
});

/**
 * What makes an RSA public key unfit; undefined where nothing does.
 *
 * Modulus of 2048 to 8192 bits (RFC 7518 3.3), an odd exponent of 65537 or more (with 1 every signature is its own
 * message), no small factor, and not of the kind that Infineon's library made: such a modulus is factored in hours
 * (ROCA, CVE-2017-15361). ASVS 11.2.3, CWE-326.
 *
 * @param n - the modulus, big-endian, as short as can be
 * @param e - the public exponent, likewise
 * @example objectionToRsa(n, Buffer.from([1])) // 'its exponent is under 65537'
 */
export function objectionToRsa(n: Buffer, e: Buffer): string | undefined {
  if (n[0] === 0 || e[0] === 0 || n.length === 0 || e.length === 0)
    return 'its numbers are not written in their shortest form';
  const bits = n.length * 8 - Math.clz32(n[0] ?? 0) + 24;
  if (bits < SHORTEST) return `it has ${bits} bits, and needs ${SHORTEST}`;
  if (bits > LONGEST) return `it has ${bits} bits, and ${LONGEST} are the most that is accepted`;
  if (e.length > LONGEST_EXPONENT) return 'its exponent is needlessly large';
  const exponent = toNumber(e);
  if (exponent < SMALLEST_EXPONENT) return 'its exponent is under 65537';
  if (exponent % 2n === 0n) return 'its exponent is even';
  const modulus = toNumber(n);
  if (PRIMES.some((prime) => modulus % BigInt(prime) === 0n)) return 'its modulus has a small factor';
  return isRoca(modulus) ? 'it was made by a library whose keys can be factored (ROCA, CVE-2017-15361)' : undefined;
}

/**
 * The published fingerprint: primes of that library are powers of 65537 modulo each small prime, so their product is one
 * too. A random modulus is one by chance for all of these primes once in more than a hundred million.
 */
function isRoca(modulus: bigint): boolean {
  return PRIMES.slice(1).every((prime) => powersOf65537(prime).has(Number(modulus % BigInt(prime))));
}

const POWERS = new Map<number, ReadonlySet<number>>();

function powersOf65537(prime: number): ReadonlySet<number> {
  const known = POWERS.get(prime);
  if (known !== undefined) return known;
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65537) % prime) powers.add(power);
  POWERS.set(prime, powers);
  return powers;
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}
