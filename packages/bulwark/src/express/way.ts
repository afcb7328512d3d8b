import type { Decision } from '../decisions.ts';

/** Decisions in a row. It is emptied and filled again for each look-up, so that none of them allocates one. */
class Pile {
  readonly #items: Decision[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#size = 0;
  }

  push(decision: Decision): void {
    this.#items[this.#size++] = decision;
  }

  /** Takes off what lies above a height, the lowest first. */
  takeFrom(height: number): Decision[] {
    const taken = this.#items.slice(height, this.#size);
    this.#size = height;
    return taken;
  }

  isSame(list: readonly Decision[]): boolean {
    if (list.length !== this.#size) return false;
    for (let i = 0; i < list.length; i++) if (list[i] !== this.#items[i]) return false;
    return true;
  }

  toArray(): Decision[] {
    return this.#items.slice(0, this.#size);
  }
}

/** What a look-up gathers on its way to a route. */
export class Way {
  readonly decisions: Pile = new Pile();
  readonly passed: Pile = new Pile();
  /** Those of nested routers that stand on a path of their own. */
  readonly mounted: Pile = new Pile();
  #path = '';

  begin(path: string): void {
    this.#path = path;
    this.decisions.clear();
    this.passed.clear();
    this.mounted.clear();
  }

  /** @param rest - what the router below the decision would see of the path */
  meet(decision: Decision, rest: string): void {
    this.decisions.push(decision);
    if (rest !== this.#path) this.mounted.push(decision);
  }

  /** The router holds no route for the request: its requirements were carried out in passing, the rest was not meant for it. */
  leaveRouter(before: number): void {
    if (this.decisions.size === before) return;
    for (const decision of this.decisions.takeFrom(before)) {
      (decision.kind === 'requirement' ? this.decisions : this.passed).push(decision);
    }
  }
}
