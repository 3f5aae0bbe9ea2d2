import type { LogLevel } from './protocol/messages.ts';

export type { LogLevel };

/** Any value that JSON can hold. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** One console line of a run. */
export interface LogEntry {
  readonly level: LogLevel;
  /** The line as Node's console would print it, without colours. */
  readonly message: string;
  /** The arguments after the first, when there were any. */
  readonly data?: readonly Json[];
  /** When the host got it, as an ISO 8601 date and time in UTC. */
  readonly timestamp: string;
}

/**
 * What spared a run the compilation of its script: its VM had compiled it before, V8's code was in
 * memory or in the store; or nothing did.
 */
export type CacheTier = 'vm' | 'memory' | 'store' | 'miss';

/**
 * What a run waited for: a VM or a core, since as many are taken as may be (`pool_full`); other runs of
 * its tenant, which had as many in VMs or on the cores as it may (`tenant_cap`); or a VM that was being
 * made (`starting`).
 */
export type QueueCause = 'pool_full' | 'tenant_cap' | 'starting';

/** What a run used. */
export interface Usage {
  /** From the start of the run in its VM to its end, in milliseconds; the queue is not in it. */
  readonly wallMs: number;
  /** Time on a core in milliseconds. */
  readonly cpuMs: number;
  /**
   * V8 heap and buffers of the VM after the run, in bytes; 0 when the VM could not be asked. After a run
   * of less than a millisecond it may be the figure of a run shortly before it, or of those that were
   * executed with it.
   */
  readonly heapBytes: number;
  /** Binding calls made. */
  readonly apiCalls: number;
  /** From the call of `execute` to the start in a VM, in milliseconds. */
  readonly queueMs: number;
  /** What it waited for longest ago, or null when it did not wait. */
  readonly queueCause: QueueCause | null;
  /** How often the run was begun: more than once when workers were lost over others, 0 when never. */
  readonly attempts: number;
  readonly cache: CacheTier;
}

/** How much a run used that never reached a VM. */
export const noUsage: Usage = Object.freeze({
  wallMs: 0,
  cpuMs: 0,
  heapBytes: 0,
  apiCalls: 0,
  queueMs: 0,
  queueCause: null,
  attempts: 0,
  cache: 'miss',
});

/** What `execute` resolves to. */
export interface RunResult {
  /** Always a map: `undefined` and `null` became `{}`, any other value that is no map `{ value }`. */
  readonly output: { readonly [key: string]: Json };
  readonly logs: readonly LogEntry[];
  readonly usage: Usage;
  readonly executionId: string;
}
