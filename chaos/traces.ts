import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { RuntimeEvents } from '@cloister/runtime';

/** One attempt of a run: the worker that it was in, and how that worker ended, if it did. */
export interface Attempt {
  readonly worker: number;
  readonly lost: string | undefined;
  /** The worker was killed by us, not over something that a run did. */
  readonly byChaos: boolean;
}

/** Follows which runs were in which workers, and how those ended. */
export class Traces implements Disposable {
  readonly #workersOf = new Map<string, number[]>();
  readonly #lost = new Map<number, string>();
  /** Of each process that we killed, the numbers of all that went with it. */
  readonly #killedPids = new Map<number, readonly number[]>();
  readonly #eraserKills: number[] = [];
  readonly #killedWorkers = new Set<number>();
  readonly #listeners: [string, (message: unknown) => void][] = [];
  /** Workers that ended, by the reason that the runtime gives. */
  readonly losses: Map<string, number> = new Map();

  constructor() {
    this.#on('cloister:run:start', ({ executionId, worker }) => {
      const workers = this.#workersOf.get(executionId);
      if (workers === undefined) this.#workersOf.set(executionId, [worker]);
      else workers.push(worker);
    });
    this.#on('cloister:worker:exit', ({ worker, pid, reason }) => {
      this.#lost.set(worker, reason);
      const killed = pid === undefined ? undefined : this.#killedPids.get(pid);
      // Their numbers may be given to other processes.
      for (const each of killed ?? []) this.#killedPids.delete(each);
      const byChaos = killed !== undefined;
      if (byChaos) this.#killedWorkers.add(worker);
      const what = byChaos ? 'killed by the chaos' : reason;
      this.losses.set(what, (this.losses.get(what) ?? 0) + 1);
    });
  }

  /** Says that we are about to kill a process, and with it those around it. */
  killing(pids: readonly number[], program: string): void {
    for (const pid of pids) this.#killedPids.set(pid, pids);
    if (program === 'eraser') this.#eraserKills.push(performance.now());
  }

  /** How many of the processes that erase types we have killed since a time. */
  erasersKilledSince(begunAt: number): number {
    return this.#eraserKills.filter((at) => at >= begunAt).length;
  }

  attemptsOf(executionId: string): Attempt[] {
    return (this.#workersOf.get(executionId) ?? []).map((worker) => ({
      worker,
      lost: this.#lost.get(worker),
      byChaos: this.#killedWorkers.has(worker),
    }));
  }

  forget(executionId: string): void {
    this.#workersOf.delete(executionId);
  }

  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) unsubscribe(name, listener);
  }

  #on<Name extends keyof RuntimeEvents>(
    name: Name,
    listener: (message: RuntimeEvents[Name]) => void,
  ): void {
    const any = listener as (message: unknown) => void;
    subscribe(name, any);
    this.#listeners.push([name, any]);
  }
}
