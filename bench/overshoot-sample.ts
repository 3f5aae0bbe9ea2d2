import { subscribe } from 'node:diagnostics_channel';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { CloisterError, type Runtime, type RuntimeEvents } from '@cloister/runtime';
import { residentBytes } from './measure.ts';

/** How one hostile run ended. */
export interface Overshoot {
  readonly code: string;
  /** From the end of its time to its result, in milliseconds. */
  readonly resultMs: number;
  /** From the end of its time until nothing of it used a core any more. */
  readonly stoppedMs: number;
  /** Whether its worker had to be killed, or died. */
  readonly killed: boolean;
  /** What its worker grew by at most. */
  readonly grownBytes: number;
}

const lookMs = 5;
/** A worker that wants less of a core than this does nothing for a script. */
const idleShare = 0.3;
const maxLooks = 400;
/** What a worker loads for itself it has loaded after so long, in milliseconds. */
const calmMs = 250;
let calmPid: number | undefined;

const pids: number[] = [];
subscribe('cloister:worker:start', (message) => {
  pids.push((message as RuntimeEvents['cloister:worker:start']).pid!);
});
subscribe('cloister:worker:exit', (message) => {
  const { pid } = message as RuntimeEvents['cloister:worker:exit'];
  if (pids.includes(pid!)) pids.splice(pids.indexOf(pid!), 1);
});

/** Runs a script in a runtime of one worker and watches that worker from outside. Linux only. */
export async function overshootOf(
  runtime: Runtime,
  source: string,
  id: string,
  timeoutMs: number,
): Promise<Overshoot> {
  const pid = await readyWorker(runtime);
  const before = await residentBytes(pid);
  let peak = before;
  const look = (): void => void (peak = Math.max(peak, peakBytes(pid)));
  const timer = setInterval(look, lookMs);
  const begun = performance.now();
  const { code, usage } = await runtime
    .execute(source, {}, { tenant: { id }, limits: { timeoutMs } })
    .then(
      (result) => ({ code: 'completed', usage: result.usage }),
      (error: unknown) => {
        if (!(error instanceof CloisterError)) throw error;
        return { code: error.code, usage: error.usage };
      },
    );
  // Its time begins when it has a VM.
  const dueAt = begun + usage.queueMs + timeoutMs;
  const settledAt = performance.now();
  await untilIdle(pid);
  const stoppedAt = Math.max(settledAt, performance.now() - lookMs);
  look();
  clearInterval(timer);
  // One that was killed is told of a little later; else the next script would be blamed for it.
  while (hasEnded(pid) && pids.includes(pid)) await setTimeout(1);
  return {
    code,
    resultMs: Math.max(0, settledAt - dueAt),
    stoppedMs: Math.max(0, stoppedAt - dueAt),
    killed: !pids.includes(pid),
    grownBytes: peak - before,
  };
}

/** The one worker there is, as soon as it has a VM and does nothing; its peak counts from now on. */
async function readyWorker(runtime: Runtime): Promise<number> {
  for (;;) {
    await setTimeout(lookMs);
    const [pid] = pids;
    if (runtime.stats().pool.warm < 1 || pids.length !== 1) continue;
    if (pid !== calmPid) {
      await setTimeout(calmMs);
      calmPid = pid;
      continue;
    }
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
      return pid!;
    } catch {
      // It has ended, and its end is yet to be told.
    }
  }
}

/** Resolves when a worker wants no core any more, or is gone. */
async function untilIdle(pid: number): Promise<void> {
  let [wanted, at] = [wantedMs(pid), performance.now()];
  for (let looks = 0; looks < maxLooks; looks++) {
    await setTimeout(lookMs);
    const [next, now] = [wantedMs(pid), performance.now()];
    // Fewer than before: threads have ended, and perhaps the process is about to.
    if (hasEnded(pid) || (next >= wanted && next - wanted < idleShare * (now - at))) return;
    [wanted, at] = [next, now];
  }
}

/** Whether nothing of a process goes on any more. */
function hasEnded(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it is in brackets and may hold anything; the state follows, Z for a zombie.
    return text[text.lastIndexOf(')') + 2] === 'Z';
  } catch {
    return true;
  }
}

/** Time that the threads of a process spent on a core or waiting for one. */
function wantedMs(pid: number): number {
  try {
    let sum = 0;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const text = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8');
      const [ran = 0, waited = 0] = text.split(' ').map(Number);
      sum += (ran + waited) / 1e6;
    }
    return sum;
  } catch {
    return 0;
  }
}

function peakBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
