import { setTimeout } from 'node:timers/promises';
import { childProcesses } from './child-processes.ts';
import type { Random } from './random.ts';
import type { Stage } from './stage.ts';

/** One thing that is done to a process; it may take a while. */
interface Act {
  readonly name: string;
  readonly weight: number;
  readonly kills?: boolean;
  do(pid: number, random: Random): void | Promise<void>;
}

const longStop: Act = {
  name: 'stopped for long',
  weight: 2,
  do: (pid) => stopFor(pid, 13_000),
};

const acts: readonly Act[] = [
  { name: 'SIGKILL', weight: 30, kills: true, do: (pid) => signal(pid, 'SIGKILL') },
  { name: 'SIGABRT', weight: 15, kills: true, do: (pid) => signal(pid, 'SIGABRT') },
  { name: 'SIGSEGV', weight: 5, kills: true, do: (pid) => signal(pid, 'SIGSEGV') },
  { name: 'stopped', weight: 25, do: (pid, random) => stopFor(pid, random.whole(20, 2000)) },
  longStop,
  { name: 'starved', weight: 23, do: starve },
];

/** Does something to one of our child processes again and again, until the curtain falls. */
export async function playVandal(stage: Stage, random: Random): Promise<void> {
  const { curtain, ledger, traces } = stage;
  const underWay = new Set<Promise<void>>();
  while (!curtain.aborted) {
    await setTimeout(random.whole(100, 1800));
    const victims = childProcesses().filter(({ state }) => state !== 'Z');
    if (victims.length === 0 || curtain.aborted) continue;
    const { pid, pids, program = 'unknown' } = random.pick(victims);
    const act = random.weighted(acts);
    // A source has five seconds to be erased in; that it then ends as a timeout is no fault.
    if (program === 'eraser' && act === longStop) continue;
    ledger.act(`${program} ${act.name}`);
    if (act.kills === true) traces.killing(pids, program);
    const done = Promise.resolve(act.do(pid, random)).finally(() => underWay.delete(done));
    underWay.add(done);
  }
  await Promise.all(underWay);
}

async function stopFor(pid: number, ms: number): Promise<void> {
  signal(pid, 'SIGSTOP');
  await setTimeout(ms);
  signal(pid, 'SIGCONT');
}

/** For a while it gets a fifth of the time, in pieces. */
async function starve(pid: number, random: Random): Promise<void> {
  for (let pieces = random.whole(5, 50); pieces > 0; pieces--) {
    await stopFor(pid, 40);
    await setTimeout(10);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself.
  }
}
