import type { Runtime } from '@cloister/runtime';
import type { CountingBindings } from './counting-binding.ts';
import type { Ledger } from './ledger.ts';
import type { Traces } from './traces.ts';

/** What the actors of a chaos run share. */
export interface Stage {
  readonly runtime: Runtime;
  readonly ledger: Ledger;
  readonly traces: Traces;
  readonly bindings: CountingBindings;
  /** Aborted when nobody is to begin anything more; runs that go on are then ended by the shutdown. */
  readonly curtain: AbortSignal;
}
