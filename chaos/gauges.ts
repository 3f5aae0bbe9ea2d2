import { monitorEventLoopDelay } from 'node:perf_hooks';
import { childProcesses } from './child-processes.ts';
import type { Ledger } from './ledger.ts';

const intervalMs = 1000;

/**
 * Writes the memory of host and workers and the stalls of the host's event loop into the ledger,
 * once a second. @returns what ends that.
 */
export function readGauges(ledger: Ledger): () => void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const timer = setInterval(() => {
    const { minute } = ledger;
    const sizes = childProcesses().map(({ residentBytes }) => residentBytes);
    const workersBytes = sizes.reduce((sum, size) => sum + size, 0);
    minute.hostBytes = Math.max(minute.hostBytes, process.memoryUsage.rss());
    minute.workersBytes = Math.max(minute.workersBytes, workersBytes);
    minute.largestWorkerBytes = Math.max(minute.largestWorkerBytes, ...sizes);
    minute.stallMs = Math.max(minute.stallMs, delay.max / 1e6);
    delay.reset();
  }, intervalMs);
  return () => {
    clearInterval(timer);
    delay.disable();
  };
}
