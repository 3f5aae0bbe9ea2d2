import { createRuntime } from '@cloister/runtime';
import ivm from 'isolated-vm';
import { execFile } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { mebibytes, microseconds, printTable, residentBytes, times } from './measure.ts';
import type { Extent } from './tiny-run.ts';

/** Making a VM with its hardened realm, against making a bare isolate and context. */
export async function vmCreation(extent: Extent): Promise<void> {
  const count = extent === 'full' ? 100 : 3;
  const bareMs = await timeEach(count, async () => {
    const isolate = new ivm.Isolate({ memoryLimit: 128 });
    await isolate.createContext();
    return isolate;
  });
  // The worker's own code, in this process: what a worker does for one VM, and no message.
  const { Cell } = await import('../packages/runtime/src/worker/cell.ts');
  const hardenedMs = await timeEach(count, async (id) => {
    const cell = await Cell.create(id, 128, '[]');
    return { dispose: () => cell.vm.close() };
  });
  printTable('Making a VM: how many times the cost of a bare isolate and context', [
    {
      what: 'cloister, hardened VM',
      ratio: times(hardenedMs / bareMs),
      figures: microseconds(hardenedMs),
    },
    { what: 'isolated-vm, isolate and context', ratio: times(1), figures: microseconds(bareMs) },
  ]);
}

async function timeEach(
  count: number,
  make: (id: number) => Promise<{ dispose(): void }>,
): Promise<number> {
  // The first fills caches.
  (await make(0)).dispose();
  const made = [];
  const begun = performance.now();
  for (let i = 1; i <= count; i++) made.push(await make(i));
  const ms = (performance.now() - begun) / count;
  for (const each of made) each.dispose();
  return ms;
}

/** Resident memory of idle VMs. */
export async function memoryPerVm(extent: Extent): Promise<void> {
  const count = extent === 'full' ? 100 : 5;
  const pids = new Set<number>();
  const listen = (message: unknown): unknown => pids.add((message as { pid: number }).pid);
  subscribe('cloister:worker:start', listen);
  const measure = async (poolSize: number): Promise<number> => {
    pids.clear();
    await using _runtime = await createRuntime({ workers: 1, poolSize });
    // A VM is made small when nothing has used it for a second, one after the other.
    await new Promise((done) => setTimeout(done, 2000 + 20 * poolSize));
    return await residentBytes([...pids][0] ?? 0);
  };
  const one = await measure(1);
  const many = await measure(count + 1);
  // In a process of its own: one that has made isolates before gives their pages to the new ones.
  const program = fileURLToPath(new URL('./bare-memory.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--no-node-snapshot',
    program,
    String(count),
  ]);
  const bare = Number(stdout);
  const hardened = (many - one) / count;
  printTable(`Memory of an idle VM (${count} of them)`, [
    { what: 'cloister, hardened VM', ratio: times(hardened / bare), figures: mebibytes(hardened) },
    { what: 'isolated-vm, isolate and context', ratio: times(1), figures: mebibytes(bare) },
  ]);
}
