/** An item and the rows of leading segments of which a path must have one; without any, it is in question for every path. */
export interface Indexed<T> {
  readonly item: T;
  readonly prefixes: readonly (readonly string[])[] | undefined;
}

/**
 * A tree of path segments, by their hash: a path is read once and never cut into pieces. Segments of equal hash share a
 * branch, and both are in question.
 */
interface Branch<T> {
  /** Positions of the items that end here. */
  readonly own: number[];
  /** The items that are in question for a path that leads here and no further, in their order. */
  items: readonly T[];
  children: Map<number, Branch<T>> | undefined;
}

/** How many entries a level of the tree may have for each item, before it is left away. */
const MAX_COPIES = 256;

/**
 * Finds the few of many items whose path may match, in the order in which they were given.
 *
 * It rules out and never decides: what it leaves in question is for the router's own matcher.
 * What stands on every path is in each list; where that would take too much memory, the tree ends early.
 */
export class PathIndex<T> {
  readonly #root: Branch<T>;
  readonly #all: readonly T[];

  constructor(indexed: readonly Indexed<T>[]) {
    this.#all = indexed.map(({ item }) => item);
    this.#root = newBranch();
    indexed.forEach(({ prefixes }, position) => {
      for (const segments of prefixes ?? [[]]) this.#branchFor(segments).own.push(position);
    });
    this.#finish(this.#root, []);
  }

  /** The items that are in question for a path. */
  find(path: string): readonly T[] {
    let branch = this.#root;
    if (path.charCodeAt(0) !== SLASH) return this.#all;
    let hash = 0;
    for (let i = 1; branch.children !== undefined; i++) {
      const code = i < path.length ? path.charCodeAt(i) : SLASH;
      if (code !== SLASH) {
        hash = withCode(hash, code);
        continue;
      }
      const child = branch.children.get(hash);
      if (child === undefined) break;
      branch = child;
      if (i >= path.length) break;
      hash = 0;
    }
    return branch.items;
  }

  #branchFor(segments: readonly string[]): Branch<T> {
    let branch = this.#root;
    for (const segment of segments) {
      let hash = 0;
      for (let i = 0; i < segment.length; i++) hash = withCode(hash, segment.charCodeAt(i));
      branch.children ??= new Map();
      let child = branch.children.get(hash);
      if (child === undefined) {
        child = newBranch();
        branch.children.set(hash, child);
      }
      branch = child;
    }
    return branch;
  }

  /** Writes down for each branch what stands on the way to it. */
  #finish(branch: Branch<T>, above: readonly number[]): void {
    let positions = inOrder(above, branch.own);
    const below = branch.children === undefined ? [] : positionsBelow(branch);
    if (positions.length * below.length > MAX_COPIES * this.#all.length) {
      positions = inOrder(positions, below);
      branch.children = undefined;
    }
    branch.items = positions.map((position) => this.#all[position] as T);
    for (const child of branch.children?.values() ?? []) this.#finish(child, positions);
  }
}

const SLASH = 0x2f;

/** Routers fold the case of ASCII letters, and look at the path as it was sent: what is percent-encoded stays so. */
function withCode(hash: number, code: number): number {
  const folded = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
  return (Math.imul(hash, 31) + folded) & 0x3fffffff;
}

function newBranch<T>(): Branch<T> {
  return { own: [], items: [], children: undefined };
}

function positionsBelow<T>(branch: Branch<T>): number[] {
  let positions: number[] = [];
  for (const child of branch.children?.values() ?? []) positions = positions.concat(child.own, positionsBelow(child));
  return positions;
}

function inOrder(some: readonly number[], others: readonly number[]): readonly number[] {
  return others.length === 0 ? some : [...new Set([...some, ...others])].sort((a, b) => a - b);
}
