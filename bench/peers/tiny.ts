/** A script that every peer runs, with its input; its output is always a map. */
export interface Job {
  readonly source: string;
  readonly input: unknown;
}

/** A file of its own, since what measures a first result loads nothing else. */
export const tiny: Job = {
  source: 'return { sum: ctx.input.a + ctx.input.b };',
  input: { a: 1, b: 2 },
};
