import { LRUCache } from 'lru-cache';
import { publish } from './events.ts';
import type { Trust } from './lodging.ts';

interface Record {
  cleanRuns: number;
  losses: number;
  refusedUntil: number;
  /** What a run takes on a core, in milliseconds; undefined as long as none has ended. */
  cpuMs: number | undefined;
}

/** Clean runs after which a script may share workers with others that have as many. */
const provenAfter = 50;
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
    return record !== undefined && record.losses === 0 && record.cleanRuns >= provenAfter
      ? 'proven'
      : 'open';
  }

  ranCleanly(tenantId: string, source: number): void {
    this.#of(tenantId, source).cleanRuns++;
  }

  /** A run of it took so much time on a core, in milliseconds. */
  took(tenantId: string, source: number, cpuMs: number): void {
    const record = this.#of(tenantId, source);
    const before = record.cpuMs ?? cpuMs;
    // The first runs take longer than those that follow, and one long run says little.
    record.cpuMs = before + (cpuMs - before) / (cpuMs < before ? 2 : 8);
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
      record = { cleanRuns: 0, losses: 0, refusedUntil: 0, cpuMs: undefined };
      this.#records.set(id, record);
    }
    return record;
  }
}

function key(tenantId: string, source: number): string {
  return `${source} ${tenantId}`;
}
