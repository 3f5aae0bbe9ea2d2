import { maxLaneRuns, maxScriptsOfVm } from '../protocol/messages.ts';
import type { VmEnd } from './events.ts';
import type { Want } from './lodging.ts';
import type { Worker } from './worker-fleet.ts';
import type { LinkedRun, WorkerLink } from './worker-link.ts';

/**
 * A VM as the host sees it. `starting` → `idle` ⇄ `busy`; from each of them → `closing` → gone.
 * Once bound to a tenant, it is never anybody else's.
 */
export interface PooledVm {
  readonly id: number;
  readonly worker: Worker;
  readonly link: WorkerLink;
  readonly memoryMb: number;
  readonly createdAt: number;
  tenantId: string | undefined;
  state: 'starting' | 'idle' | 'busy' | 'closing';
  idleSince: number;
  runs: number;
  /** Runs that are in it, or on their way to it: more than one only when they are quick and straight. */
  load: number;
  /** Whether others may join the run that it is busy with. */
  isLane: boolean;
  /** Scripts that have run in it, of late. */
  readonly known: Set<number>;
  /** What the run that it is busy with asked for. */
  want: Want | undefined;
  /** The run that it is, or was last, busy with. */
  run: LinkedRun | undefined;
  /** While it is made: the one in a worker that is to go whose place it takes. */
  replaces: PooledVm | undefined;
  /** Whether it goes as soon as no run is in it, and none may join. */
  isToGo: boolean;
  /** Whether it gives way before others do. */
  isPassing: boolean;
}

/** So many runs more may be in the worker of proven scripts before one of them goes to another. */
const fewRuns = 2;
/** A VM is replaced after so many runs, or at such an age, in milliseconds. */
const maxVmRuns = 100_000;
const maxVmAgeMs = 60 * 60 * 1000;

/** Those that are idle for the longest time go first, but for those that go before others. */
export function goesBefore(a: PooledVm, b: PooledVm): boolean {
  return a.isPassing === b.isPassing ? a.idleSince < b.idleSince : a.isPassing;
}

/** Whether it is of the size that a run asks for, and where that run may be. */
export function isFit({ memoryMb, worker }: PooledVm, want: Want): boolean {
  return memoryMb === want.memoryMb && worker.lodging?.accepts(want) === true;
}

/** Notes that a script has run in a VM, which keeps so many. */
export function noteScript({ known }: PooledVm, source: number): void {
  if (known.size >= maxScriptsOfVm && !known.has(source)) known.clear();
  known.add(source);
}

export function isJoinable(vm: PooledVm, { memoryMb, kind, trust }: Want): boolean {
  const { want } = vm;
  if (vm.state !== 'busy' || !vm.isLane || vm.load >= maxLaneRuns || vm.link.isMute) return false;
  if (vm.isToGo) return false;
  return want?.memoryMb === memoryMb && want.kind === kind && want.trust === trust;
}

/** How many runs that take so long each, in milliseconds, take so long together; one at least. */
export function countWithin(ms: number, expectedMs: number | undefined): number {
  if (expectedMs === undefined) return 1;
  return Math.max(1, Math.floor(ms / expectedMs));
}

/** Few VMs and workers are kept busy rather than many, but all workers when there is a crowd for each. */
export function isBetterLane(a: PooledVm, b: PooledVm, crowd: number): boolean {
  if (a.worker === b.worker) return a.load > b.load;
  const crowdsA = Math.floor(a.link.runCount / crowd);
  const crowdsB = Math.floor(b.link.runCount / crowd);
  return crowdsA === crowdsB ? a.link.runCount > b.link.runCount : crowdsA < crowdsB;
}

export function leaveLodging(vm: PooledVm): void {
  if (vm.want !== undefined) vm.worker.lodging?.leave(vm.want);
  vm.want = undefined;
}

export function wornOut({ isToGo, runs, createdAt }: PooledVm): VmEnd | undefined {
  const isOld = runs >= maxVmRuns || performance.now() - createdAt > maxVmAgeMs;
  return isToGo || isOld ? 'recycled' : undefined;
}

/**
 * A tenant's own VM before a warm one, but before that a worker that is not busy with others, and first
 * of all one that answers.
 */
export function preferred(a: PooledVm, b: PooledVm, isProven: boolean): boolean {
  if (a.link.isMute !== b.link.isMute) return b.link.isMute;
  if (a.link.computingCount !== b.link.computingCount) {
    return a.link.computingCount < b.link.computingCount;
  }
  if (a.worker !== b.worker) {
    const [loadA, loadB] = [loadOf(a, isProven), loadOf(b, isProven)];
    if (loadA !== loadB) return loadA < loadB;
  }
  return a.tenantId !== undefined && b.tenantId === undefined;
}

/** Proven scripts keep together as long as they are few, so that there are workers for the others. */
function loadOf({ link, worker }: PooledVm, isProven: boolean): number {
  if (!isProven) return link.busyCount;
  const isAmongLike = worker.lodging?.isForProven === true;
  return link.busyCount - (isAmongLike ? fewRuns : 0) + (worker.priority.isStuck ? fewRuns : 0);
}
