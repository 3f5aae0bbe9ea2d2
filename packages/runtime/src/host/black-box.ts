import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownTurnSlots, turnSlots } from '../protocol/messages.ts';

/**
 * A file without a name in which a worker notes the runs that it executes, so that it can be read when
 * the worker has died of one of them. What it says is a worker's word: it decides who is tried again
 * alone, and nothing else. Owned by the process that writes it.
 */
export class BlackBox {
  /** For the worker to inherit. */
  readonly descriptor: number;
  #closed = false;

  private constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** @returns undefined where there is no place for a temporary file. */
  static open(): BlackBox | undefined {
    const file = join(tmpdir(), `cloister-${randomUUID()}`);
    try {
      const descriptor = openSync(file, 'wx+', 0o600);
      unlinkSync(file);
      return new BlackBox(descriptor);
    } catch {
      return undefined;
    }
  }

  /** The runs that were being executed when the worker last wrote. */
  executing(): ReadonlySet<number> {
    const bytes = Buffer.alloc(8 * (turnSlots + ownTurnSlots));
    const length = this.#closed ? 0 : readSync(this.descriptor, bytes, 0, bytes.length, 0);
    const runs = new Set<number>();
    for (let at = 0; at + 8 <= length; at += 8) {
      const run = bytes.readDoubleLE(at);
      if (run > 0) runs.add(run);
    }
    return runs;
  }

  close(): void {
    if (!this.#closed) closeSync(this.descriptor);
    this.#closed = true;
  }
}
