import { laneJson } from '../protocol/lane-lines.ts';
import { ownTurnSlots, type LaneMessage } from '../protocol/messages.ts';
import type { Cell, WorkerSource } from './cell.ts';
import { CutShort } from './realm.ts';
import type { AdoptedTurn } from './run.ts';
import { ownTurnsBegin } from './turn-log.ts';
import { maxTurnNowMs } from './turn-now.ts';

/** What runs of a lane have in common, and what each has for itself. */
export interface Lane extends Pick<LaneMessage, 'context' | 'limits' | 'runs'> {
  readonly lines: readonly string[];
}

/** What became of the runs of a lane: one list after the other, in the order of the runs. */
export interface LaneEnd {
  /** Those whose first turn is over; the last of them may go on. */
  readonly turns: readonly AdoptedTurn[];
  /** How many were begun. When there are more than turns, the VM is of no use any more. */
  readonly begun: number;
}

/** The same of those that were executed together. */
interface TogetherEnd extends LaneEnd {
  /** Whether the next one, if there is one, is to be executed by itself. */
  readonly isToGoOn: boolean;
}

/** Characters of contexts and inputs that go into a VM in one entry, unless it is those of a single run. */
const maxCharacters = 64 * 1024;

/**
 * Executes runs of a script that cannot wait, many in one entry into the VM, up to the first one that waits
 * all the same: it and those behind it are not begun.
 * @param maxMs - time on a core after which no others are begun.
 */
export function executeTogether(
  cell: Cell,
  source: WorkerSource,
  { context, limits, runs, lines }: Lane,
  maxMs: number,
): TogetherEnd {
  const turns: AdoptedTurn[] = [];
  const wrapper = cell.plainWrapper(source);
  if (wrapper === undefined) return { turns, begun: 0, isToGoOn: true };
  const { apiCalls, outputBytes, logEntries, logBytes } = limits;
  const { realm, close } = cell.openHardened(() => {});
  const { vm } = cell;
  const cpuAtStart = vm.cpuMs;
  let cpuBefore = cpuAtStart;
  let startedAt = performance.now();
  try {
    while (turns.length < runs.length && cpuBefore - cpuAtStart <= maxMs) {
      const { text, count } = textOfSome(context, lines, turns.length);
      ownTurnsBegin(runs, turns.length, count);
      const given = [wrapper, apiCalls, outputBytes, logEntries, logBytes, text];
      let answer: string | undefined;
      try {
        answer = realm.togetherNow(given, maxTurnNowMs);
      } catch (error) {
        if (!(error instanceof CutShort)) throw error;
        return { turns, begun: turns.length + count, isToGoOn: false };
      }
      const { states, lastMs, waits } = answer === undefined ? nothing : readEnds(answer);
      const now = performance.now();
      const cpu = vm.cpuMs;
      share(turns, states, lastMs, { startedAt, wallMs: now - startedAt, cpuMs: cpu - cpuBefore });
      startedAt = now;
      cpuBefore = cpu;
      if (!waits) continue;
      cell.giveUpPlain(source);
      return { turns, begun: turns.length, isToGoOn: true };
    }
  } finally {
    close();
  }
  return { turns, begun: turns.length, isToGoOn: false };
}

/** Some runs as guest/together.js reads them. */
function textOfSome(
  context: string,
  lines: readonly string[],
  from: number,
): { readonly text: string; readonly count: number } {
  let text = '';
  let count = 0;
  while (count < ownTurnSlots && from + count < lines.length) {
    const run = laneJson(context, lines[from + count]!);
    if (count > 0 && text.length + run.length > maxCharacters) break;
    text += count === 0 ? `[${run}` : `,${run}`;
    count++;
  }
  return { text: `${text}]`, count };
}

/** What `together` of the guest gives back. */
interface Ends {
  readonly states: readonly string[];
  /** How long the last of them took, if it was not short. */
  readonly lastMs: number;
  /** Whether the next one waits for something. */
  readonly waits: boolean;
}

const nothing: Ends = { states: [], lastMs: 0, waits: true };

function readEnds(answer: string): Ends {
  const states: string[] = [];
  let at = answer.indexOf('\n');
  const waits = answer[at - 1] === '!';
  const lastMs = Number(answer.slice(0, waits ? at - 1 : at));
  for (at++; at < answer.length;) {
    const blank = answer.indexOf(' ', at);
    const end = blank + 1 + Number(answer.slice(at, blank));
    states.push(answer.slice(blank + 1, end));
    at = end;
  }
  return { states, lastMs, waits };
}

/** What the short runs of an entry took at least, as part of it: the clock that the last one is measured by is coarse. */
const minShortPart = 0.1;

/**
 * What an entry took is shared out evenly, since each of its runs was short; but for the last one, if that
 * was not.
 */
function share(
  turns: AdoptedTurn[],
  states: readonly string[],
  lastMs: number,
  took: Pick<AdoptedTurn, 'startedAt' | 'wallMs' | 'cpuMs'>,
): void {
  const { startedAt, wallMs, cpuMs } = took;
  const short = lastMs > 0 ? Math.max(minShortPart, 1 - lastMs / wallMs) : 1;
  const part = short / states.length;
  for (const [i, state] of states.entries()) {
    const own = i === states.length - 1 ? part + 1 - short : part;
    const turn = { state, unhandled: undefined };
    turns.push({ turn, startedAt, wallMs: wallMs * own, cpuMs: cpuMs * own });
  }
}
