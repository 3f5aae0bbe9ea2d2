import { writeSync } from 'node:fs';
import { ownTurnSlots, turnSlots } from '../protocol/messages.ts';

/** The descriptor after the pipe's: {@link file://../host/black-box.ts}. */
const descriptor = 4;
const free: number[] = Array.from({ length: turnSlots }, (_, slot) => turnSlots - 1 - slot);
const record = Buffer.alloc(8);
let isUsable = true;

/** Notes that a run is being executed from now on. @returns the slot to give back, or -1. */
export function turnBegins(run: number): number {
  const slot = isUsable ? free.pop() : undefined;
  if (slot === undefined) return -1;
  write(slot, run);
  return slot;
}

/** Notes that it is executed no more. */
export function turnEnded(slot: number): void {
  if (slot < 0) return;
  write(slot, 0);
  free.push(slot);
}

/** The slots of runs that this thread executes itself come after the others. */
const ownRecords = Buffer.alloc(8 * ownTurnSlots);
let ownRuns = 0;
let isToClear = false;

/**
 * Notes that this thread executes some runs from now on, one after the other, instead of those before. That
 * they are over is noted once for all that follow one another.
 * @param from - which of the runs is the first; as many are noted as there is room for.
 */
export function ownTurnsBegin(
  runs: readonly number[],
  from = 0,
  most: number = ownTurnSlots,
): void {
  if (!isUsable) return;
  const count = Math.min(runs.length - from, most);
  for (let i = 0; i < count; i++) ownRecords.writeDoubleLE(runs[from + i]!, 8 * i);
  writeOwn(count);
  if (isToClear) return;
  isToClear = true;
  // What they have come to is sent first.
  setImmediate(() => setImmediate(clearOwn));
}

function clearOwn(): void {
  isToClear = false;
  writeOwn(0);
}

/** @param count - of the records that are valid; the others that may be in the file are made none. */
function writeOwn(count: number): void {
  ownRecords.fill(0, 8 * count);
  const length = 8 * Math.max(count, ownRuns);
  ownRuns = count;
  writeAt(ownRecords, length, 8 * turnSlots);
}

function write(slot: number, run: number): void {
  record.writeDoubleLE(run);
  writeAt(record, record.length, slot * record.length);
}

/** At once and into the file, where it stays whatever becomes of this process. */
function writeAt(bytes: Buffer, length: number, position: number): void {
  try {
    writeSync(descriptor, bytes, 0, length, position);
  } catch {
    // There is no such file; the host then suspects all runs alike.
    isUsable = false;
  }
}
