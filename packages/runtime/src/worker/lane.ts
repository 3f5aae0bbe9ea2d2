import { completedRunText } from '../protocol/completed-text.ts';
import { laneJson } from '../protocol/lane-lines.ts';
import { ownTurnSlots } from '../protocol/messages.ts';
import type { Cell, WorkerSource } from './cell.ts';
import { CutShort } from './realm.ts';
import type { AdoptedTurn } from './run.ts';
import { executeTogether, type Lane, type LaneEnd } from './together.ts';
import { ownTurnsBegin } from './turn-log.ts';
import { maxTurnNowMs } from './turn-now.ts';
import type { VmFunction } from './vm.ts';

/** Time on a core after which a lane begins no other run: they are not what was expected of them. */
const maxLaneMs = 20;
/** The state of a run that has completed, written nothing, and left its realm as it was. */
const plainState = 'ci0\n';

/**
 * Executes runs one after the other in the hardened realm of a VM, while this thread waits. It ends with the
 * first run that is not over with its turn, that spoils its realm, or that has more to say than lines of its
 * console; and when it takes longer than such runs should.
 */
export function executeLane(
  cell: Cell,
  source: WorkerSource,
  wrapper: VmFunction,
  lane: Lane,
): LaneEnd {
  const { turns, begun, isToGoOn } = executeTogether(cell, source, lane, maxLaneMs);
  if (!isToGoOn || begun === lane.runs.length) return { turns, begun };
  return executeInTurn(cell, wrapper, lane, [...turns]);
}

/**
 * Each has a turn of its own, at the end of which V8 has none of its microtasks left; the call that asks what
 * became of it begins the next one.
 */
function executeInTurn(
  cell: Cell,
  wrapper: VmFunction,
  { context, limits, runs, lines }: Lane,
  turns: AdoptedTurn[],
): LaneEnd {
  const { vm } = cell;
  const { realm, close } = cell.openHardened(() => {});
  const { apiCalls, outputBytes, logEntries, logBytes } = limits;
  let begun = turns.length;
  ownTurnsBegin(runs, begun);
  const from = begun;
  const text = laneJson(context, lines[begun++]!);
  const first = [wrapper, apiCalls, outputBytes, logEntries, logBytes, text];
  let startedAt = performance.now();
  const cpuAtStart = vm.cpuMs;
  let cpuBefore = cpuAtStart;
  try {
    let unhandled = realm.enterNow('first', startedAt, first, maxTurnNowMs);
    for (;;) {
      const now = performance.now();
      const cpu = vm.cpuMs;
      const took = { startedAt, wallMs: now - startedAt, cpuMs: cpu - cpuBefore };
      if (begun === runs.length || cpu - cpuAtStart > maxLaneMs) {
        turns.push({ turn: { state: realm.drainNow(now), unhandled }, ...took });
        break;
      }
      if ((begun - from) % ownTurnSlots === 0) ownTurnsBegin(runs, begun);
      const next = realm.nextNow(now, laneJson(context, lines[begun++]!), maxTurnNowMs);
      turns.push({ turn: { state: next.state, unhandled }, ...took });
      if (!next.begun) {
        begun--;
        break;
      }
      unhandled = next.unhandled;
      startedAt = now;
      cpuBefore = cpu;
    }
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
  } finally {
    close();
  }
  return { turns, begun };
}

/**
 * The end of a run as it is told among others, written down.
 * @returns undefined when there is more to tell.
 */
export function asCompleted(
  run: number,
  { turn, wallMs, cpuMs }: AdoptedTurn,
  outputBytes: number,
): string | undefined {
  const { state, unhandled } = turn;
  if (unhandled !== undefined || !state.startsWith(plainState)) return undefined;
  const output = state.slice(plainState.length);
  // The guest counts characters; what counts is bytes.
  if (3 * output.length > outputBytes && Buffer.byteLength(output) > outputBytes) return undefined;
  return completedRunText(run, output, wallMs, cpuMs);
}
