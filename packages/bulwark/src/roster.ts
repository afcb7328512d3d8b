/**
 * Objects that come and go by the thousand a second, such as the requests in flight.
 *
 * Why no Set: V8 makes a Set that churns anew every few dozen entries, and each old table points to the next. Once the
 * garbage collector has taken one of them for old, all that follow stay until the next full collection, with whatever was
 * in them: every request of a busy server that waits for a store. Here a place is filled again, and nothing points on.
 *
 * @example const inFlight = new Roster<ServerResponse>(); inFlight.add(res); inFlight.delete(res)
 */
export class Roster<T extends object> {
  readonly #members: T[] = [];
  /** Where a member stands, plus one; 0 once it has left. One object may stand on several rosters. */
  readonly #place = Symbol('bulwark.place');

  get size(): number {
    return this.#members.length;
  }

  has(member: T): boolean {
    return this.#placeOf(member) !== 0;
  }

  add(member: T): void {
    if (!this.has(member)) this.#put(member, this.#members.push(member));
  }

  /** @returns false if it was not there */
  delete(member: T): boolean {
    const place = this.#placeOf(member);
    if (place === 0) return false;
    this.#put(member, 0);
    const last = this.#members.pop();
    if (last === undefined || last === member) return true;
    this.#members[place - 1] = last;
    this.#put(last, place);
    return true;
  }

  /** From the last to the first: whoever leaves meanwhile makes nobody else be passed over. */
  *[Symbol.iterator](): Generator<T> {
    for (let i = this.#members.length - 1; i >= 0; i--) {
      const member = this.#members[i];
      if (member !== undefined) yield member;
    }
  }

  #placeOf(member: T): number {
    return (member as Placed)[this.#place] ?? 0;
  }

  #put(member: T, place: number): void {
    (member as Placed)[this.#place] = place;
  }
}

type Placed = Record<symbol, number | undefined>;
