import { LRUCache } from 'lru-cache';
import { publish } from './events.ts';
import type { SettledMessage } from '../protocol/messages.ts';
import type { Trust } from './lodging.ts';

/**
 * How runs of a script went lately: `quick` when they took hardly any time on a core, `straight` when
 * they did not wait for anything either.
 */
export type Pace = 'unknown' | 'quick' | 'straight';

interface Record {
  cleanRuns: number;
  /** Runs in a row that were quick, and of those the ones in a row that did not wait. */
  quickRuns: number;
  straightRuns: number;
  losses: number;
  refusedUntil: number;
  /** What a run takes on a core, in milliseconds; undefined as long as none has ended. */
  cpuMs: number | undefined;
  /** Whether that is so little that many may go by without being in anybody's way. */
  isLight: boolean;
}

/** Clean runs after which a script may share workers with others that have as many. */
const provenAfter = 50;
/** Time on a core of a light run, and of one that is not, in milliseconds; in between it stays what it was. */
const lightMs = 0.4;
const heavyMs = 0.8;
/** Time on a core that a turn of a quick run takes at most, in milliseconds, and how many make a habit. */
const quickMs = 0.5;
const quickAfter = 10;
/** Quick runs that one which was not takes back. */
const setback = 5;
/** Quick runs that are expected, instead, of a script that broke with its habit. */
const quickAgainAfter = 1000;
const maxRecords = 10_000;
const maxRefusalMs = 60 * 60 * 1000;

/**
 * What is known of scripts, each for its tenant: a script that is harmless in one tenant's hands may be
 * made to do harm in another's.
 */
export class Reputation {
  readonly #records = new LRUCache<string, Record>({ max: maxRecords });
  readonly #lossesAllowed: number;
  readonly #refuseMs: number;

  constructor(rules: { readonly workerLosses: number; readonly refuseMs: number }) {
    this.#lossesAllowed = rules.workerLosses;
    this.#refuseMs = rules.refuseMs;
  }

  trustIn(tenantId: string, source: number): Trust {
    const record = this.#records.get(key(tenantId, source));
    if (record === undefined || record.losses > 0 || record.cleanRuns < provenAfter) return 'open';
    return record.isLight ? 'proven' : 'steady';
  }

  paceIn(tenantId: string, source: number): Pace {
    const record = this.#records.get(key(tenantId, source));
    if (record === undefined || record.losses > 0 || record.quickRuns < quickAfter) {
      return 'unknown';
    }
    return record.straightRuns < quickAfter ? 'quick' : 'straight';
  }

  ranCleanly(
    tenantId: string,
    source: number,
    { longestTurnMs, waited }: Pick<SettledMessage, 'longestTurnMs' | 'waited'>,
  ): void {
    const record = this.#of(tenantId, source);
    record.cleanRuns++;
    if (longestTurnMs <= quickMs) record.quickRuns++;
    else record.quickRuns = Math.min(record.quickRuns, Math.max(0, record.quickRuns - setback));
    record.straightRuns = waited ? 0 : record.straightRuns + 1;
  }

  /** A run that was expected to be quick had to be cut short. */
  wasNotQuick(tenantId: string, source: number): void {
    this.#of(tenantId, source).quickRuns = quickAfter - quickAgainAfter;
  }

  /** A run of it took so much time on a core, in milliseconds. */
  took(tenantId: string, source: number, cpuMs: number): void {
    const record = this.#of(tenantId, source);
    const before = record.cpuMs ?? cpuMs;
    // The first runs take longer than those that follow, and one long run says little.
    record.cpuMs = before + (cpuMs - before) / (cpuMs < before ? 2 : 8);
    if (record.cpuMs > heavyMs) record.isLight = false;
    else if (record.cpuMs < lightMs) record.isLight = true;
  }

  /** What a run of it can be expected to take on a core, in milliseconds; undefined when that is not known. */
  expectedMs(tenantId: string, source: number): number | undefined {
    return this.#records.get(key(tenantId, source))?.cpuMs;
  }

  /** A worker had to be killed over it, or died of it. */
  costWorker(tenantId: string, source: number): void {
    const record = this.#of(tenantId, source);
    record.losses++;
    record.cleanRuns = 0;
    record.quickRuns = 0;
    if (record.losses < this.#lossesAllowed) return;
    const forMs = Math.min(
      maxRefusalMs,
      this.#refuseMs * 2 ** Math.min(20, record.losses - this.#lossesAllowed),
    );
    record.refusedUntil = performance.now() + forMs;
    const { losses } = record;
    publish('cloister:script:refused', () => ({ tenantId, losses, forMs }));
  }

  /** How long a script is still refused, in milliseconds; 0 when it is not. */
  refusedFor(tenantId: string, source: number): { readonly ms: number; readonly losses: number } {
    const record = this.#records.peek(key(tenantId, source));
    const ms = record === undefined ? 0 : Math.ceil(record.refusedUntil - performance.now());
    return { ms: Math.max(0, ms), losses: record?.losses ?? 0 };
  }

  #of(tenantId: string, source: number): Record {
    const id = key(tenantId, source);
    let record = this.#records.get(id);
    if (record === undefined) {
      record = {
        cleanRuns: 0,
        quickRuns: 0,
        straightRuns: 0,
        losses: 0,
        refusedUntil: 0,
        cpuMs: undefined,
        isLight: true,
      };
      this.#records.set(id, record);
    }
    return record;
  }
}

function key(tenantId: string, source: number): string {
  return `${source} ${tenantId}`;
}
