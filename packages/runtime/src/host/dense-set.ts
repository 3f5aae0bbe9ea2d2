/** What a `DenseSet` may hold. It is in one of them at a time. */
export interface Placed {
  /** Where it stands there; -1 when it is in none. */
  place: number;
}

/**
 * A set without order, whose members know where they stand. For what comes and goes with each run: V8 makes
 * a `Set` or a `Map` anew after about as many additions as it has members, and each that was made leads to
 * the next. One that has grown old so keeps alive all that came after it, until the whole heap is collected.
 */
export class DenseSet<Member extends Placed> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: Member): void {
    member.place = this.#members.push(member) - 1;
  }

  /** @returns whether it was in it. */
  delete(member: Member): boolean {
    const { place } = member;
    if (place < 0) return false;
    const last = this.#members.pop()!;
    if (last !== member) {
      this.#members[place] = last;
      last.place = place;
    }
    member.place = -1;
    return true;
  }

  /** Those that are in it now. */
  members(): Member[] {
    return [...this.#members];
  }

  clear(): void {
    for (const member of this.#members) member.place = -1;
    this.#members.length = 0;
  }
}
