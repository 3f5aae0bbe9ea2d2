import type { Deadline, Deadlines } from './deadlines.ts';
import type { DenseSet, Placed } from './dense-set.ts';

/** What has to have gone on by a time. */
export interface Due extends Placed {
  /** As `performance.now` counts; `Infinity` when there is no such time. */
  dueAt: number;
}

/**
 * Looks after times that hardly ever come, since what they are for has long gone on or is over by then: a
 * time is a number, and all members are looked at when the earliest has come that was known at the last look.
 * A `Deadline` of its own for each would be most of what is kept for a run that waits. Owned by the scheduler.
 */
export class DueTimes<Member extends Due> {
  readonly #deadlines: Deadlines;
  readonly #members: DenseSet<Member>;
  readonly #onDue: (member: Member) => void;
  #nextAt = Infinity;
  #next: Deadline | undefined;

  /**
   * @param members - those whose times count, while they are in it; owned by the caller.
   * @param onDue - is told once of a time that has come.
   */
  constructor(deadlines: Deadlines, members: DenseSet<Member>, onDue: (member: Member) => void) {
    this.#deadlines = deadlines;
    this.#members = members;
    this.#onDue = onDue;
  }

  /** Does nothing for one that is no member any more. */
  set(member: Member, at: number): void {
    if (member.place < 0) return;
    member.dueAt = at;
    if (at < this.#nextAt) this.#wakeAt(at);
  }

  /** To be called when there are no members, since a time that is waited for keeps the process alive. */
  clear(): void {
    this.#next?.clear();
    this.#next = undefined;
    this.#nextAt = Infinity;
  }

  #wakeAt(at: number): void {
    this.#next?.clear();
    this.#nextAt = at;
    this.#next = this.#deadlines.after(Math.max(0, at - performance.now()), this.#look);
  }

  readonly #look = (): void => {
    this.clear();
    const now = performance.now();
    for (const member of this.#members.members()) {
      // One may have ended others.
      if (member.place < 0 || member.dueAt > now) continue;
      member.dueAt = Infinity;
      this.#onDue(member);
    }
    const earliest = this.#members
      .members()
      .reduce((least, { dueAt }) => Math.min(least, dueAt), Infinity);
    if (earliest < this.#nextAt) this.#wakeAt(earliest);
  };
}
