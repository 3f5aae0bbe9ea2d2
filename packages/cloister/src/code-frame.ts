const maxLineLength = 160;

/**
 * The line of a script on which something went wrong, with a caret under the column.
 * @param line - counted from 1.
 * @param column - counted from 1.
 * @returns an empty string when the script has no such line.
 */
export function codeFrame(source: string, line: number, column: number): string {
  const text = source.split(/\r\n|[\n\r\u2028\u2029]/)[line - 1];
  if (text === undefined) return '';
  // A minified line is shown around the column only.
  const from = Math.max(0, column - 1 - maxLineLength / 2);
  const shown = text.slice(from, from + maxLineLength);
  const margin = `${line} | `;
  // Tabs stay tabs, so that the caret stands under its column whatever their width.
  const indent = shown.slice(0, column - 1 - from).replace(/[^\t]/g, ' ');
  return `${margin}${shown}\n${' '.repeat(margin.length)}${indent}^\n`;
}
