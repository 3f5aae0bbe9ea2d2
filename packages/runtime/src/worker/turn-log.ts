import { writeSync } from 'node:fs';
import { turnSlots } from '../protocol/messages.ts';

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

/** The slot of runs that this thread executes itself, one at a time. */
let ownSlot = -1;

/**
 * Notes that this thread executes a run from now on, instead of the one before. That it is over is noted
 * once for all that follow one another.
 */
export function ownTurnBegins(run: number): void {
  if (ownSlot >= 0) return write(ownSlot, run);
  ownSlot = turnBegins(run);
  setImmediate(() => {
    turnEnded(ownSlot);
    ownSlot = -1;
  });
}

/** At once and into the file, where it stays whatever becomes of this process. */
function write(slot: number, run: number): void {
  record.writeDoubleLE(run);
  try {
    writeSync(descriptor, record, 0, record.length, slot * record.length);
  } catch {
    // There is no such file; the host then suspects all runs alike.
    isUsable = false;
  }
}
