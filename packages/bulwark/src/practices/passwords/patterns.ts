/** Rows of a keyboard (QWERTY, and what QWERTZ and AZERTY do differently), and its columns as a zigzag. */
const WALKS = [
  '1234567890-=',
  'qwertyuiop[]',
  'asdfghjkl;',
  'zxcvbnm,./',
  'qwertzuiop',
  'yxcvbnm',
  'azertyuiop',
  'qsdfghjklm',
  'wxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/',
  'qazwsxedcrfvtgbyhnujm',
  '1q2w3e4r5t6y7u8i9o0p',
  'qweasdzxc',
];

/** Pairs of neighbours on a walk, with the walk and its direction. */
const STEPS: ReadonlyMap<string, ReadonlySet<string>> = stepsOf(WALKS);

function stepsOf(walks: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const steps = new Map<string, Set<string>>();
  const note = (pair: string, walk: string): void => {
    steps.set(pair, (steps.get(pair) ?? new Set()).add(walk));
  };
  for (const [i, walk] of walks.entries()) {
    for (let at = 1; at < walk.length; at++) {
      const [a, b] = [walk.charAt(at - 1), walk.charAt(at)];
      note(a + b, `${i}>`);
      note(b + a, `${i}<`);
    }
  }
  return steps;
}

const NONE: ReadonlySet<string> = new Set();

/** How a character follows from the one before: the same, the next of its kind, the next key. */
function relations(before: string, after: string): ReadonlySet<string> {
  const step = (after.codePointAt(0) ?? 0) - (before.codePointAt(0) ?? 0);
  const onKeyboard = STEPS.get(before + after) ?? NONE;
  return Math.abs(step) <= 1 ? new Set([...onKeyboard, `step ${step}`]) : onKeyboard;
}

/**
 * How many characters one cannot say beforehand: of a run (`aaaa`, `4567`, `dcba`, `qwertz`) the first two count. A text of
 * very few different characters counts twice as many as it has of them.
 *
 * @param folded - in lower case
 */
export function surprising(folded: string): number {
  const characters = Array.from(folded);
  let count = 0;
  let run = NONE;
  for (const [i, character] of characters.entries()) {
    const before = characters[i - 1];
    const steps = before === undefined ? NONE : relations(before, character);
    const goesOn = new Set([...run].filter((step) => steps.has(step)));
    if (goesOn.size === 0) count += 1;
    run = goesOn.size === 0 ? steps : goesOn;
  }
  return Math.min(count, 2 * new Set(characters).size);
}

/**
 * How long the piece is that a text repeats: 8 for `passwordpassword`, 3 for `abcabcabca`; its whole length where it repeats
 * nothing.
 */
export function period(folded: string): number {
  const characters = Array.from(folded);
  const length = characters.length;
  // Knuth, Morris and Pratt: for each beginning, how long its longest border is.
  const borders = [0];
  for (let i = 1, border = 0; i < length; i++) {
    while (border > 0 && characters[i] !== characters[border]) border = borders[border - 1] ?? 0;
    if (characters[i] === characters[border]) border += 1;
    borders.push(border);
  }
  const shortest = length - (borders[length - 1] ?? 0);
  return shortest * 2 <= length ? shortest : length;
}
