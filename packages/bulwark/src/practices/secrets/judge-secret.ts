import { DEVELOPMENT_PREFIX, isDevelopmentSecret, isPlaceholder } from './placeholders.ts';
import { estimateBits } from './strength.ts';

/** What a secret must have at least. */
export interface Floor {
  /** Characters. */
  readonly length: number;
  /** Estimated bits. */
  readonly bits: number;
}

/** For keys that sign or encrypt: what `openssl rand -hex 16` has, and no less. ASVS 5.0 11.2.3. */
export const KEY_FLOOR: Floor = { length: 32, bits: 128 };
/** For passwords that another server demands, and slows guesses at: a database's, a mail server's. */
export const PASSWORD_FLOOR: Floor = { length: 12, bits: 50 };

/** Why a secret is none; `kind` tells what the whole world knows from what can be guessed. */
export interface Weakness {
  readonly kind: 'development' | 'placeholder' | 'weak';
  /** The rest of a sentence that begins with the variable's name. It holds lengths, and nothing of the value. */
  readonly problem: string;
}

/**
 * What is wrong with a secret; undefined where nothing is.
 *
 * @param whose - whose value it is, in the sentence: `''` or `'its password '`
 */
export function judgeSecret(value: string, floor: Floor, whose = ''): Weakness | undefined {
  if (isDevelopmentSecret(value)) {
    return { kind: 'development', problem: `${whose}was made for development ("${DEVELOPMENT_PREFIX}…")` };
  }
  if (isPlaceholder(value)) return { kind: 'placeholder', problem: `${whose}is a known placeholder` };
  if (value.length < floor.length) {
    return { kind: 'weak', problem: `${whose}has ${value.length} characters, and needs ${floor.length}` };
  }
  const bits = estimateBits(value);
  if (bits >= floor.bits) return undefined;
  return {
    kind: 'weak',
    problem: `${whose}can be guessed: about ${bits} bits by estimate, and it needs ${floor.bits}`,
  };
}
