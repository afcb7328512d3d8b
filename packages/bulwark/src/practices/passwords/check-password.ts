import type { Blocklist } from './blocklist/load.ts';
import { core, fold, withoutLeet } from './blocklist/spellings.ts';
import { withoutWords, wordsOf } from './context-words.ts';
import { period, surprising } from './patterns.ts';
import { isUsable, lengthOf, normalize } from './text.ts';

/** Why a password is not taken. */
export type PasswordReasonCode =
  | 'unusable'
  | 'too-short'
  | 'too-long'
  | 'repeated'
  | 'predictable'
  | 'context'
  | 'common'
  | 'breached';

/** One reason, for a program and for whoever chose the password. It holds nothing of the password. */
export interface PasswordReason {
  readonly code: PasswordReasonCode;
  /** What is wrong, and what to do. */
  readonly message: string;
}

/** What is known of whoever chooses a password. */
export interface PasswordContext {
  /** The account needs a second factor to log in: 8 characters are enough then. Default false: 15. */
  readonly secondFactor?: boolean;
  /** What is known of the user: names, e-mail addresses, what the account is called. Absent ones may be left in. */
  readonly words?: readonly (string | null | undefined)[];
  /** Ends the look-up at the source of breached passwords. */
  readonly signal?: AbortSignal;
}

/** What a password is held to. */
export interface PasswordRules {
  readonly shortest: number;
  readonly longest: number;
  readonly words: readonly unknown[];
  readonly isCommon: Blocklist;
}

/** The reasons that can be told without asking anybody; none means that the password is taken. */
export function judgePassword(password: unknown, rules: PasswordRules): readonly PasswordReason[] {
  if (!isUsable(password)) {
    if (typeof password === 'string' && password.length > 1 && password.isWellFormed()) return [tooLong(rules)];
    return password === ''
      ? [tooShort(rules)]
      : [{ code: 'unusable', message: 'This is no text that can be a password. Type it anew.' }];
  }
  const normal = normalize(password);
  const length = lengthOf(normal);
  if (length > rules.longest) return [tooLong(rules)];
  const weak = weaknessOf(normal, rules);
  const reasons = length < rules.shortest ? [tooShort(rules)] : [];
  return weak === undefined ? reasons : [...reasons, weak];
}

/** The first thing that makes it guessable: one is enough to choose another. */
function weaknessOf(normal: string, { shortest, words, isCommon }: PasswordRules): PasswordReason | undefined {
  if (isCommon(normal)) {
    return {
      code: 'common',
      message:
        'Many people use this password or one like it, so it is tried first. Choose four or more words that do not belong together.',
    };
  }
  const folded = fold(normal);
  // Half of the length that is asked for must be there when all that follows by itself is taken away.
  const enough = Math.floor(shortest / 2) + 1;
  const readings = [...new Set([folded, withoutLeet(folded), core(folded)])];
  if (readings.some((text) => isRepetition(text, lengthOf(folded) - lengthOf(text), shortest))) {
    return {
      code: 'repeated',
      message:
        'This is a short piece, repeated. Repeating it makes it longer, but no harder to guess. Choose different words.',
    };
  }
  if (surprising(folded) < enough) {
    return {
      code: 'predictable',
      message: 'These are rows of letters, digits or keys, or few characters again and again. Choose words instead.',
    };
  }
  const known = wordsOf(words);
  const bare = readings.map((text) => withoutWords(text, known));
  if (bare.some((text, i) => text !== readings[i] && surprising(text) < enough)) {
    return {
      code: 'context',
      message:
        'This is little more than your name, your address or the name of this site. Choose words that have nothing to do with them.',
    };
  }
  return undefined;
}

/** The piece once, and what stands around it, is all that there is to guess. */
function isRepetition(text: string, around: number, shortest: number): boolean {
  const piece = period(text);
  return piece < lengthOf(text) && piece + around < shortest;
}

function tooShort({ shortest }: PasswordRules): PasswordReason {
  return { code: 'too-short', message: `Use at least ${shortest} characters. Several words are easy to remember.` };
}

function tooLong({ longest }: PasswordRules): PasswordReason {
  return { code: 'too-long', message: `Use at most ${longest} characters.` };
}
