import { CloisterError, type Usage } from '@cloister/runtime';
import type { Ledger } from './ledger.ts';

/** How long a runtime of a chaos run takes to stop what does not stop by itself, in milliseconds. */
export const graceMs = 250;
/** For a loaded machine, on which the host itself may have to wait for a core. */
const allowanceMs = 5000;

/** A run is to settle within its time and the grace, not counting its wait for a VM. */
export function checkPunctuality(
  ledger: Ledger,
  run: { readonly id: string; readonly begunAt: number; readonly timeoutMs: number },
  end: unknown,
): void {
  const usage = end instanceof CloisterError ? end.usage : (end as Usage);
  const ms = performance.now() - run.begunAt - (usage.queueMs ?? 0);
  if (ms <= run.timeoutMs + graceMs + allowanceMs) return;
  ledger.breach('runs that settled late', `${run.id} took ${ms.toFixed(0)} of ${run.timeoutMs} ms`);
}
