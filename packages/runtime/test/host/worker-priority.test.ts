import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { defineBinding, type Runtime } from '../../src/index.ts';
import { recordEvents } from '../support/channels.ts';
import { startHost } from '../support/processes.ts';
import { as, codeOf, runUntilLog, startRuntime, type LiveRun } from '../support/runs.ts';

const onLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;
const loop = `console.log('up'); for (;;);`;

/** Niceness of the threads of a process, the main thread first. */
function nicenessOf(pid: number): [main: number, ...others: number[]] {
  const others = readdirSync(`/proc/${pid}/task`).filter((thread) => Number(thread) !== pid);
  return [nice(pid, String(pid))!, ...others.flatMap((thread) => nice(pid, thread) ?? [])];
}

function nice(pid: number, thread: string): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16]);
  } catch {
    return undefined; // It ended while we looked.
  }
}

/** The name of a process's group, and its niceness; undefined where the kernel makes no groups. */
function groupOf(pid: number | 'self'): { name: string; nice: number } | undefined {
  try {
    const [name = '', , niceness] = readFileSync(`/proc/${pid}/autogroup`, 'utf8').split(' ');
    return { name, nice: Number(niceness) };
  } catch {
    return undefined;
  }
}

/** Of the workers of this file's runtimes, by their number; numbers begin anew with each runtime. */
const pids = new Map<number, number>();
const hasGroups = onLinux && groupOf('self') !== undefined;

/** Runs tiny scripts of other tenants until the end of the test: whoever is alone gives way to nobody. */
function keepCompany(runtime: Runtime): void {
  let over = false;
  onTestFinished(() => void (over = true));
  const lane = async (): Promise<void> => {
    while (!over) {
      const code = await codeOf(runtime.execute('return 1', {}, as('good')));
      if (code !== 'completed') return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  void lane();
}

/** A run that loops, and the process that it is in. */
async function startLoop(runtime: Runtime): Promise<{ run: LiveRun; pid: number }> {
  const events = recordEvents();
  const run = await runUntilLog(runtime, loop, as('bad'));
  const { worker } = await events.first('cloister:run:start', ({ tenantId }) => tenantId === 'bad');
  return { run, pid: pids.get(worker)! };
}

/** Runs that are over at once, and over a limit. */
function spoilVms(runtime: Runtime): { ofBad: Promise<number>; stop: () => void } {
  const events = recordEvents();
  let over = false;
  const stop = (): void => void (over = true);
  onTestFinished(stop);
  const lane = async (): Promise<void> => {
    while (!over) {
      const limits = { apiCalls: 0 };
      const run = runtime.execute('await sdk.host.echo()', {}, as('bad', { limits }));
      if ((await codeOf(run)) !== 'api_call_limit') return;
    }
  };
  void lane();
  const started = events.first('cloister:run:start', ({ tenantId }) => tenantId === 'bad');
  return { ofBad: started.then(({ worker }) => pids.get(worker)!), stop };
}

/** A runtime whose workers are known by their process. */
async function startKnown(options = {}): Promise<Runtime> {
  const events = recordEvents();
  const all = { workers: 2, maxVms: 50, ...options };
  const runtime = await startRuntime(all);
  await events.count('cloister:worker:start', all.workers);
  pids.clear();
  for (const { worker, pid } of events.of('cloister:worker:start')) pids.set(worker, pid!);
  return runtime;
}

describe.runIf(onLinux)('a thread that computes for long', () => {
  test('gives way to the others of its worker, and the main thread keeps its place', async () => {
    const runtime = await startKnown({ workers: 1 });
    keepCompany(runtime);
    const { run, pid } = await startLoop(runtime);
    const [before] = nicenessOf(pid);
    await vi.waitUntil(() => nicenessOf(pid).includes(before + 10), { timeout: 20_000 });
    const [main, ...others] = nicenessOf(pid);
    expect(main).toBe(before);
    // V8's own threads may have been busy, too, for a moment.
    const nicer = others.filter((niceness) => niceness > main);
    expect(nicer.length).toBeLessThan(others.length / 2);
    run.cancel();
  });

  test.runIf(isRoot)('gets its place back when nothing computes any more', async () => {
    const runtime = await startKnown({ workers: 1 });
    keepCompany(runtime);
    const { run, pid } = await startLoop(runtime);
    const [before] = nicenessOf(pid);
    await vi.waitUntil(() => nicenessOf(pid).includes(before + 10), { timeout: 20_000 });
    run.cancel();
    await vi.waitUntil(() => new Set(nicenessOf(pid)).size === 1, { timeout: 20_000 });
  });

  test('keeps it while no other tenant runs anything', async () => {
    const runtime = await startKnown({ workers: 1 });
    const { run, pid } = await startLoop(runtime);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(new Set(nicenessOf(pid)).size).toBe(1);
    run.cancel();
  });
});

describe.runIf(onLinux)('a user who may not take niceness back', () => {
  test('is told that the threads keep it', async () => {
    const host = startHost(`
      import { Worker } from 'node:worker_threads';
      import { readdirSync, readFileSync } from 'node:fs';
      import { WorkerPriority } from ${JSON.stringify(new URL('../../src/host/worker-priority.ts', import.meta.url).href)};
      const priority = new WorkerPriority();
      const busy = new Worker('for (;;);', { eval: true });
      const { pid } = process;
      if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }
      const look = setInterval(() => {
        priority.lowerBusyThreads(pid);
        if (!priority.isLowered) return;
        clearInterval(look);
        const before = priority.isStuck;
        priority.relax(pid);
        console.log('stuck', before, priority.isStuck, priority.isLowered);
        process.exit();
      }, 100);
    `);
    expect(await host.line('stuck')).toBe('false true true');
  });
});

describe.runIf(hasGroups)('a worker in which a tenant spoils one VM after the other', () => {
  test('gives way as a whole, and then no more', async () => {
    const echo = defineBinding('host', { echo: { params: z.tuple([]), handler: () => 1 } });
    const runtime = await startKnown({ bindings: [echo] });
    for (let i = 0; i < 60; i++) await runtime.execute('return 1', {}, as('good'));
    keepCompany(runtime);
    const { ofBad, stop } = spoilVms(runtime);
    const pid = await ofBad;
    if (groupOf(pid)!.name === groupOf('self')!.name) return stop();
    await vi.waitUntil(() => groupOf(pid)!.nice > 0, { timeout: 20_000 });
    stop();
    await vi.waitUntil(() => groupOf(pid)!.nice === 0, { timeout: 20_000 });
  });
});

describe.runIf(hasGroups)('a worker in which a run computes for long', () => {
  test('gives way as a whole when no proven script is in it, and then no more', async () => {
    const runtime = await startKnown();
    for (let i = 0; i < 60; i++) await runtime.execute('return 1', {}, as('good'));
    keepCompany(runtime);
    const { run, pid } = await startLoop(runtime);
    const others = [...pids.values()].filter(
      (other) => groupOf(other)?.name !== groupOf(pid)!.name,
    );
    // Without namespaces a worker is in the group of its host, which is nobody's to set.
    if (groupOf(pid)!.name === groupOf('self')!.name) return run.cancel();
    await vi.waitUntil(() => groupOf(pid)!.nice > 0, { timeout: 20_000 });
    for (const other of others) expect(groupOf(other)?.nice ?? 0).toBe(0);
    run.cancel();
    await vi.waitUntil(() => groupOf(pid)!.nice === 0, { timeout: 20_000 });
  });
});
