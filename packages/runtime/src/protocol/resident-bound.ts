const mebi = 1024 * 1024;
/** What V8's own accounting does not see may come to an eighth of the limit, and to this much in any case. */
const minSlackMb = 10;

/**
 * What a worker may grow by for a run.
 * @param memoryMb - its limit, in MiB.
 * @returns bytes.
 */
export function residentBound(memoryMb: number): number {
  return (memoryMb + Math.max(memoryMb / 8, minSlackMb)) * mebi;
}
