/**
 * What the runs of a lane do not share, a line for each: JSON has none. Host and worker put texts together
 * here that are JSON already, and the VM reads them; nobody between writes them as texts within texts.
 */

/** A run of a lane as it was, before it was a line. */
export interface LaneRun {
  /** `ctx` without its input, and the input, as JSON. */
  readonly context: string;
  readonly input: string;
  /** When it began for the first time, as `Date.now` counts. */
  readonly startedAt: number;
  /** For `Math.random`. */
  readonly seed: readonly [low: number, high: number];
}

/** @param execution - `ctx.execution` as JSON. */
export function laneLine(
  execution: string,
  input: string,
  startedAt: number,
  low: number,
  high: number,
): string {
  return `${execution},"input":${input}},${startedAt},${low},${high}]`;
}

/**
 * A run as the guest reads it: a list of `ctx`, when the run began, and both halves of its seed.
 * @param context - the JSON text of `ctx` up to the value of `execution`.
 */
export function laneJson(context: string, line: string): string {
  return `[${context}${line}`;
}

/** Takes a line apart, for a run that is executed by itself after all. */
export function readLaneLine(context: string, line: string): LaneRun {
  const [{ input, ...rest }, startedAt, low, high] = JSON.parse(laneJson(context, line)) as [
    { readonly input: unknown },
    number,
    number,
    number,
  ];
  return {
    context: JSON.stringify(rest),
    input: JSON.stringify(input),
    startedAt,
    seed: [low, high],
  };
}
