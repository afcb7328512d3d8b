/**
 * Words that values are made of which somebody wrote rather than drew. One word beside random text says nothing; a value
 * that is made of nothing else is a placeholder.
 */
const WORDS: ReadonlySet<string> = new Set(
  (
    'a access account accountkey admin administrator all an and any api apikey app application at auth authentication authorization ' +
    'backend bearer be bit bits byte bytes cat cats change changed changeit changeme changethis char character ' +
    'characters client cloud code complex complexity config connection cookie create credential credentials crypt custom data database db default ' +
    'demo dev develop development do docker dog dont dummy edit email encrypt encryption enter env environment example express ' +
    'fake fallback fill first foo foobar for from frontend generate generated generator goes good guest hash hello here hex hmac host ' +
    'hs i id in insecure insert instead is it its jsonwebtoken json jwt jwtsecret keep key keyboard keys kitten least length letmein ' +
    'link local localhost login long love mail main manager master me min minimum mode mongo mongodb must my mysql never new nextauth node nodejs not ' +
    'of on one only or ours output owner paste pass passphrase passport passwd password passw phrase please postgres postgresql private ' +
    'prod production project public put pw pwd qwerty rabbit random randomly real redis refresh replace replaceme replacethis reset root rs safe ' +
    'salt same sample secret secrets secure secured security server service session set shared should sign signature signing smtp some ' +
    'someone something staging strong stronger string super superadmin supersecret sure symmetric system tbd temp temporary ' +
    'test testing tester than that the them then this three to todo token toor top two types typescript unique update url use used user username ' +
    'using value verify very want was web webhook welcome will with word world write you your yours'
  ).split(' '),
);

const LONGEST_WORD = Math.max(...[...WORDS].map((word) => word.length));

/** Of these, a value must have one: `your app` says nothing, `your app secret` does. */
const MARKERS =
  /admin|apikey|auth|change|cookie|credential|default|demo|dummy|dev|example|fake|guest|insecure|insert|jwt|keyboard|key|letmein|mongo|mysql|pass|phrase|postgres|pwd|qwerty|rabbit|random|redis|replace|root|salt|sample|secret|session|sign|string|super|test|todo|token|unique|user|welcome/;

const ROWS = [
  '1234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  '1qaz2wsx3edc4rfv5tgb',
  'qazwsxedcrfvtgb',
  '1q2w3e4r5t6y7u8i9o0p',
  'qwertzuiop',
];
const WALKS: readonly string[] = [...ROWS, ...ROWS.map((row) => row.split('').reverse().join(''))];

const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/** Small letters, without what stands between words. */
export function squeeze(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_.,:;/|"'`´’*#?!+=~&^<>()[\]{}-]+/g, '');
}

/** Digits and signs read as the letters that they stand for: `s3cr3t`, `p@ssw0rd`. */
export function unleet(text: string): string {
  return text.replace(/[013457@$!]/g, (sign) => LEET[sign] ?? sign);
}

/** The length of the known word that begins here; 0 where none does. */
export function wordAt(text: string, at: number): number {
  for (let length = Math.min(LONGEST_WORD, text.length - at); length > 0; length--) {
    if (WORDS.has(text.slice(at, at + length))) return length;
  }
  return 0;
}

/** The length of the run (`aaaa`), the sequence (`abcd`, `4321`) or the walk over the keyboard that begins here. */
export function patternAt(text: string, at: number): number {
  return Math.max(stepsAt(text, at, 0), stepsAt(text, at, 1), stepsAt(text, at, -1), walkAt(text, at));
}

function stepsAt(text: string, at: number, step: number): number {
  let end = at + 1;
  while (end < text.length && text.charCodeAt(end) - text.charCodeAt(end - 1) === step) end++;
  return end - at;
}

function walkAt(text: string, at: number): number {
  let best = 1;
  for (const walk of WALKS) {
    let length = best;
    while (at + length < text.length && walk.includes(text.slice(at, at + length + 1))) length++;
    best = length;
  }
  return best;
}

/**
 * Whether a squeezed text is known words, patterns and a few digits from end to end, one of them a word that only
 * placeholders have.
 */
export function isMadeOfWords(text: string): boolean {
  if (text.length === 0 || text.length > 256) return false;
  const spelt = unleet(text);
  // reach[i]: the fewest digits with which the first i characters can be covered.
  const reach: number[] = [0];
  for (let at = 0; at < text.length; at++) {
    const digits = reach[at];
    if (digits === undefined) continue;
    const step = (length: number, cost: number): void => {
      const known = reach[at + length];
      if (known === undefined || digits + cost < known) reach[at + length] = digits + cost;
    };
    for (let length = 1; length <= Math.min(LONGEST_WORD, text.length - at); length++) {
      const end = at + length;
      if (WORDS.has(text.slice(at, end)) || WORDS.has(spelt.slice(at, end))) step(length, 0);
    }
    const pattern = patternAt(text, at);
    for (let length = 3; length <= pattern; length++) step(length, 0);
    if (/\d/.test(text[at] ?? '')) step(1, 1);
  }
  const digits = reach[text.length];
  return (digits !== undefined && digits <= 8 && (MARKERS.test(text) || MARKERS.test(spelt))) || isMadeOfPatterns(text);
}

/** Whether a text is patterns from end to end; of the last one, the beginning is enough. */
function isMadeOfPatterns(text: string): boolean {
  let at = 0;
  while (at < text.length) {
    const length = patternAt(text, at);
    if (length < 3) return at > 0 && at + length === text.length;
    at += length;
  }
  return at > 0;
}
