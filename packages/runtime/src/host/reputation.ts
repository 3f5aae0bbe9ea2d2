import { heavyMs } from './core-shares.ts';
import { publish } from './events.ts';
import type { Trust } from './lodging.ts';
import { lruOf } from './lru-of.ts';

/**
 * How runs of a script went lately: `quick` when they took hardly any time on a core, `straight` when
 * they did not wait for anything either.
 */
export type Pace = 'unknown' | 'quick' | 'straight';

/** Clean runs after which a script may share workers with others that have as many. */
const provenAfter = 50;
/** Time on a core below which a script is light again whose runs were heavy, in milliseconds. */
const lightMs = 0.4;
/** Time on a core that a turn of a quick run takes at most, in milliseconds, and how many make a habit. */
const quickMs = 0.5;
const quickAfter = 10;
/** Quick runs that one which was not takes back. */
const setback = 5;
/** Quick runs that are expected, instead, of a script that broke with its habit. */
const quickAgainAfter = 1000;
const maxRecords = 10_000;
const maxRefusalMs = 60 * 60 * 1000;

/** What makes a script be refused. */
interface LossRules {
  readonly workerLosses: number;
  readonly refuseMs: number;
}

/** What is known of one script in the hands of one tenant. */
export class ScriptHistory {
  readonly #tenantId: string;
  readonly #rules: LossRules;
  #cleanRuns = 0;
  /** Runs in a row that were quick, and of those the ones in a row that did not wait. */
  #quickRuns = 0;
  #straightRuns = 0;
  #losses = 0;
  #refusedUntil = 0;
  #expectedMs: number | undefined;
  /** Whether that is so little that many may go by without being in anybody's way. */
  #isLight = true;

  constructor(tenantId: string, rules: LossRules) {
    this.#tenantId = tenantId;
    this.#rules = rules;
  }

  get trust(): Trust {
    if (this.#losses > 0 || this.#cleanRuns < provenAfter) return 'open';
    return this.#isLight ? 'proven' : 'steady';
  }

  get pace(): Pace {
    if (this.#losses > 0 || this.#quickRuns < quickAfter) return 'unknown';
    return this.#straightRuns < quickAfter ? 'quick' : 'straight';
  }

  /** What a run can be expected to take on a core, in milliseconds; undefined when none has ended. */
  get expectedMs(): number | undefined {
    return this.#expectedMs;
  }

  /** Workers that were lost over it. */
  get losses(): number {
    return this.#losses;
  }

  /** How long it is still refused, in milliseconds; 0 when it is not. */
  get refusedForMs(): number {
    if (this.#refusedUntil === 0) return 0;
    return Math.max(0, Math.ceil(this.#refusedUntil - performance.now()));
  }

  ranCleanly(longestTurnMs: number, waited: boolean): void {
    this.#cleanRuns++;
    if (longestTurnMs <= quickMs) this.#quickRuns++;
    else this.#quickRuns = Math.min(this.#quickRuns, Math.max(0, this.#quickRuns - setback));
    this.#straightRuns = waited ? 0 : this.#straightRuns + 1;
  }

  /** A run that was expected to be quick had to be cut short. */
  wasNotQuick(): void {
    this.#quickRuns = quickAfter - quickAgainAfter;
  }

  /** A run of it took so much time on a core, in milliseconds. */
  took(cpuMs: number): void {
    const before = this.#expectedMs ?? cpuMs;
    // The first runs take longer than those that follow, and one long run says little.
    this.#expectedMs = before + (cpuMs - before) / (cpuMs < before ? 2 : 8);
    if (this.#expectedMs > heavyMs) this.#isLight = false;
    else if (this.#expectedMs < lightMs) this.#isLight = true;
  }

  /** A worker had to be killed over it, or died of it. */
  costWorker(): void {
    this.#losses++;
    this.#cleanRuns = 0;
    this.#quickRuns = 0;
    const { workerLosses, refuseMs } = this.#rules;
    if (this.#losses < workerLosses) return;
    const forMs = Math.min(maxRefusalMs, refuseMs * 2 ** Math.min(20, this.#losses - workerLosses));
    this.#refusedUntil = performance.now() + forMs;
    const tenantId = this.#tenantId;
    const losses = this.#losses;
    publish('cloister:script:refused', () => ({ tenantId, losses, forMs }));
  }
}

/**
 * Remembers scripts, each for its tenant: a script that is harmless in one tenant's hands may be made to do
 * harm in another's.
 */
export class Reputation {
  readonly #histories = lruOf<ScriptHistory>(maxRecords);
  /** What was asked for last, as is often the case again. */
  #latest:
    | { readonly tenantId: string; readonly source: number; readonly history: ScriptHistory }
    | undefined;
  readonly #rules: LossRules;

  constructor(rules: LossRules) {
    this.#rules = rules;
  }

  /** What is known of a script. Whoever asks for a run asks once, and keeps it as long as the run lives. */
  of(tenantId: string, source: number): ScriptHistory {
    const latest = this.#latest;
    if (latest?.source === source && latest.tenantId === tenantId) return latest.history;
    const key = `${source} ${tenantId}`;
    let history = this.#histories.get(key);
    if (history === undefined) {
      history = new ScriptHistory(tenantId, this.#rules);
      this.#histories.set(key, history);
    }
    this.#latest = { tenantId, source, history };
    return history;
  }
}
