import { ownTurnSlots, type LaneMessage, type RunLimits } from '../protocol/messages.ts';

/** A lane that more runs may join, since it is not sent yet. */
type OpenLane = Omit<LaneMessage, 'runs' | 'text'> & { readonly runs: number[]; text: string };

/** What the runs of a lane share. */
type LaneHead = Pick<LaneMessage, 'vm' | 'source' | 'context' | 'limits'>;

/** The lanes among what goes to a worker with the next frame: the last of each VM. Owned by the worker's link. */
export class OpenLanes {
  readonly #lanes = new Map<number, OpenLane>();

  /** @returns whether there is a lane that the run is part of from now on. */
  join({ vm, source, context, limits }: LaneHead, run: number, line: string): boolean {
    const lane = this.#lanes.get(vm);
    // As many as share an entry: their ends come together, and meanwhile the worker goes on with others.
    if (lane === undefined || lane.runs.length >= ownTurnSlots) return false;
    if (lane.source !== source || lane.context !== context) return false;
    if (lane.limits !== limits && !areAlike(lane.limits, limits)) return false;
    lane.runs.push(run);
    lane.text += `\n${line}`;
    return true;
  }

  /** @returns a lane that others may join until `clear`. */
  open(head: LaneHead, run: number, line: string): LaneMessage {
    const lane: OpenLane = { type: 'lane', ...head, runs: [run], text: line };
    this.#lanes.set(head.vm, lane);
    return lane;
  }

  /** From now on nobody may join those that there are. */
  clear(): void {
    this.#lanes.clear();
  }
}

/** Whether runs with these limits may travel in one lane. */
function areAlike(a: RunLimits, b: RunLimits): boolean {
  return (
    a.timeoutMs === b.timeoutMs &&
    a.cpuMs === b.cpuMs &&
    a.memoryMb === b.memoryMb &&
    a.apiCalls === b.apiCalls &&
    a.outputBytes === b.outputBytes &&
    a.logEntries === b.logEntries &&
    a.logBytes === b.logBytes
  );
}
