import { cleanText, redactText } from './clean-text.ts';

/** Keeps account of lines that could not be written, and says so: at once, then at most once in a minute. */
export interface Losses {
  /** Lines were lost, one where no number is given: a code or a few words why. */
  lose(why: string, lines?: number): void;
  /** Something is wrong with the place where the lines go; which of them are lost is not known, or counted elsewhere. */
  trouble(why: string): void;
  /** Says what has not been said yet. */
  flush(): void;
}

const PAUSE = 60_000;

/**
 * Makes the account of one log. A log that is silent about its gaps is taken for whole (ASVS 16.3.4).
 *
 * @param what - is lost, for the warning: `log lines`, `security events`
 * @param note - where else to say it: a line in a log that still works
 */
export function lossCounter(what: string, note?: (record: { lost: number; reason: string }) => void): Losses {
  let count = 0;
  let isTroubled = false;
  let reason = '';
  let isNoting = false;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    if (count === 0 && !isTroubled) return;
    const lost = count;
    count = 0;
    isTroubled = false;
    const said = lost === 0 ? 'cannot be written' : `lost: ${lost}`;
    process.emitWarning(`${what} ${said} (${reason})`, 'BulwarkWarning');
    if (note === undefined || lost === 0) return;
    isNoting = true;
    try {
      note({ lost, reason });
    } finally {
      isNoting = false;
    }
  }

  function sayNowOrSoon(why: string): void {
    reason = cleanText(redactText(why.slice(0, 200)), 200);
    if (timer !== undefined) return;
    flush();
    timer = setTimeout(() => {
      timer = undefined;
      if (count > 0) sayNowOrSoon(reason);
    }, PAUSE).unref();
  }

  return {
    lose(why, lines = 1) {
      // The line that tells of lost lines is not one more of them, or they would never end.
      if (isNoting) return;
      count += lines;
      sayNowOrSoon(why);
    },
    trouble(why) {
      isTroubled = true;
      sayNowOrSoon(why);
    },
    flush,
  };
}

/** What is said of an error that a log met: it may hold what was to be written. */
export function lossReason(error: unknown): string {
  if (!(error instanceof Error)) return 'it threw';
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : error.message;
}
