import type { Outcome } from '../protocol/messages.ts';

/** What V8 says of every `import()`, and no more than that. */
const refusal = 'Not supported';
const advice =
  'scripts cannot load modules, so there is no import(); paste the code that you need into the script';

/**
 * The failure of a run, which says what to do instead if it was an `import()` that failed. A script
 * may throw an error of the same words: the place that V8 gives tells them apart.
 */
export function adviseOnImport(outcome: Outcome, source: string): Outcome {
  if (outcome.status !== 'failed' || outcome.message !== refusal) return outcome;
  const { thrown } = outcome;
  if (thrown?.name !== 'Error' || !isImportAt(source, thrown.line, thrown.column)) return outcome;
  const message = `${refusal}: ${advice}`;
  const stack = thrown.stack.replace(`Error: ${refusal}`, () => `Error: ${message}`);
  return { ...outcome, message, thrown: { ...thrown, message, stack } };
}

/** V8 gives the place of the statement or the operand that an `import()` stands in. */
function isImportAt(source: string, line = 0, column = 1): boolean {
  const text = source.split(/\r\n|[\n\r\u2028\u2029]/)[line - 1] ?? '';
  return /^(?!new\b).*\bimport\b/.test(text.slice(column - 1));
}
