/** How long this thread, and with it the whole worker, waits for a turn of a quick run, in milliseconds. */
export const maxTurnNowMs: number = 100;

/** Whether this thread may wait for a turn of a run that has so much left of its time: not when it could be too long. */
export function leavesRoomForTurnNow(timeLeftMs: number, cpuLeftMs: number): boolean {
  return timeLeftMs > 2 * maxTurnNowMs && cpuLeftMs > 2 * maxTurnNowMs;
}
