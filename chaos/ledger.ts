/** What must not happen, whatever the hostile tenants and the chaos do (design, section 9). */
export type Invariant =
  | 'runs that did not settle'
  | 'runs that settled late'
  | 'host calls made twice'
  | "good runs lost to another's fault"
  | "values of others that came to a tenant's run"
  | 'failures of the engine itself'
  | 'left over after the shutdown';

export const invariants: readonly Invariant[] = [
  'runs that did not settle',
  'runs that settled late',
  'host calls made twice',
  "good runs lost to another's fault",
  "values of others that came to a tenant's run",
  'failures of the engine itself',
  'left over after the shutdown',
];

/** What was seen in one minute. */
export interface Minute {
  /** Good runs, how long they took from `execute` to the end beyond what they wait or compute by themselves, in ms. */
  readonly latencies: number[];
  hostBytes: number;
  workersBytes: number;
  largestWorkerBytes: number;
  /** The longest time for which the host's event loop did not turn, in milliseconds. */
  stallMs: number;
}

type Side = 'good' | 'hostile';
const maxExamples = 10;

/** Counts what happens in a chaos run. Everybody writes into it, and it is printed at the end. */
export class Ledger {
  readonly #begunAt = performance.now();
  readonly submitted: Record<Side, number> = { good: 0, hostile: 0 };
  readonly settled: Record<Side, number> = { good: 0, hostile: 0 };
  /** Ends of runs by side and kind of script, then by code. */
  readonly ends: Record<Side, Map<string, Map<string, number>>> = {
    good: new Map(),
    hostile: new Map(),
  };
  readonly breaches: Map<Invariant, string[]> = new Map();
  readonly #breachCounts = new Map<Invariant, number>();
  /** Good runs that ended because we killed what they were in, as often as the engine allows. */
  readonly lostToChaos: string[] = [];
  readonly #lostScripts = new Set<string>();
  /** Good runs by the number of their attempts, where there was more than one. */
  readonly carriedOn: Map<number, number> = new Map();
  readonly acts: Map<string, number> = new Map();
  readonly minutes: Minute[] = [];
  calls = 0;
  events = 0;

  get elapsedMs(): number {
    return performance.now() - this.#begunAt;
  }

  get minute(): Minute {
    const index = Math.floor(this.elapsedMs / 60_000);
    return (this.minutes[index] ??= {
      latencies: [],
      hostBytes: 0,
      workersBytes: 0,
      largestWorkerBytes: 0,
      stallMs: 0,
    });
  }

  get isBroken(): boolean {
    return this.#breachCounts.size > 0;
  }

  countOf(invariant: Invariant): number {
    return this.#breachCounts.get(invariant) ?? 0;
  }

  /** Notes that an invariant was broken; the first few are kept in words. */
  breach(invariant: Invariant, details: string): void {
    this.#breachCounts.set(invariant, this.countOf(invariant) + 1);
    const examples = this.breaches.get(invariant) ?? [];
    if (examples.length < maxExamples) this.breaches.set(invariant, [...examples, details]);
  }

  ended(side: Side, kind: string, code: string): void {
    this.settled[side]++;
    const codes = this.ends[side].get(kind) ?? new Map<string, number>();
    this.ends[side].set(kind, codes.set(code, (codes.get(code) ?? 0) + 1));
  }

  /** Notes the end of a good run that we brought about ourselves. */
  lost(tenantId: string, kind: string, details: string): void {
    this.ended('good', kind, 'lost to the chaos itself');
    this.lostToChaos.push(details);
    this.#lostScripts.add(`${tenantId} ${kind}`);
  }

  /** Whether a run of such a script ended like that. */
  hasLost(tenantId: string, kind: string): boolean {
    return this.#lostScripts.has(`${tenantId} ${kind}`);
  }

  /** Notes something that the chaos did to the machine. */
  act(what: string): void {
    this.acts.set(what, (this.acts.get(what) ?? 0) + 1);
  }
}
