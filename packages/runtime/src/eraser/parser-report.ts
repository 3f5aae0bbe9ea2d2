/** What Node's parser says of a source that it refuses. */
export interface Report {
  readonly code: string;
  readonly message: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 0 in columns of a terminal; undefined when what is wrong takes several lines. */
  readonly column: number | undefined;
}

/**
 * Reads an error of `stripTypeScriptTypes`. The position is nowhere but in its stack, which begins
 * with `:line`, the line before it, the line itself and carets under what is wrong.
 * @returns undefined when it is no such error.
 */
export function readReport(error: unknown): Report | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  const [head = '', ...shown] = error.stack?.split('\n') ?? [];
  const line = Number(/:(\d+)$/.exec(head)?.[1] ?? 1);
  const carets = shown[line === 1 ? 1 : 2] ?? '';
  return {
    code: String((error as { code?: unknown }).code),
    message: error.message,
    line,
    column: /^ *\^+ *$/.test(carets) ? carets.indexOf('^') : undefined,
  };
}

/**
 * A text as long as the given one in which a character, a column of a terminal and a UTF-16 unit are
 * the same, since the parser counts wide characters twice and tabs four times, and in which lines
 * end in one way only.
 */
export function toPlain(text: string): string {
  return text
    .replaceAll('\r\n', ' \n')
    .replaceAll('\r', '\n')
    .replaceAll(/[^\n\u0020-\u007E]/g, (unit) => (/\s/.test(unit) ? ' ' : 'x'));
}

/** Where to look on the first line of what takes several, by what the parser calls it. */
const beginnings: readonly (readonly [RegExp, RegExp])[] = [
  [/ enum /, /\b(?:const\s+)?enum\b/],
  [/ namespace /, /\b(?:namespace|module)\b/],
  [/angle-bracket/, /</],
];

/**
 * The place that a report speaks of, as an offset in the text.
 * @param plain - as `toPlain` made it.
 * @param firstColumn - where the author's part of the first line begins.
 */
export function positionOf(report: Report, plain: string, firstColumn: number): number {
  const lines = plain.split('\n');
  const index = Math.min(report.line, lines.length) - 1;
  const line = lines[index]!;
  const start = lines.slice(0, index).reduce((sum, { length }) => sum + length + 1, 0);
  if (report.column !== undefined) return start + Math.min(report.column, line.length);
  const from = index === 0 ? firstColumn : 0;
  const pattern = beginnings.find(([what]) => what.test(report.message))?.[1] ?? /\S/;
  return start + from + Math.max(0, line.slice(from).search(pattern));
}
