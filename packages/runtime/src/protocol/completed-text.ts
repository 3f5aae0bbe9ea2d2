import { JsonText } from './frames.ts';
import type { CompletedMessage, CompletedRun } from './messages.ts';

/** One run of a `completed` message as JSON. Its output is JSON already, and is not written as a text again. */
export function completedRunText(
  run: CompletedRun[0],
  output: string,
  wallMs: number,
  cpuMs: number,
): string {
  return `[${run},${output},${toMicroseconds(wallMs)},${toMicroseconds(cpuMs)}]`;
}

/** A `completed` message, of runs that are written down. */
export function completedText(
  runs: readonly string[],
  { heapBytes, healthy }: Pick<CompletedMessage, 'heapBytes' | 'healthy'>,
): JsonText {
  return new JsonText(
    `{"type":"completed","runs":[${runs.join(',')}],"heapBytes":${heapBytes},"healthy":${healthy}}`,
  );
}

/** No finer, since every digit has to be written and read. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
