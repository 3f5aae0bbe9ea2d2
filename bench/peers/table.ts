import { columns, figureOf, groups, ratioOf, type Cell, type Column } from './columns.ts';
import type { Degree, Guarantees, Peer } from './peer.ts';

/** What is known of a peer when all is measured. */
export interface PeerRow {
  readonly peer: Peer;
  /** Why nothing could be measured. */
  readonly missing: string | undefined;
  readonly cells: Map<string, Cell>;
  readonly isBaseline: boolean;
}

const guaranteeLetters: Readonly<Record<keyof Guarantees, string>> = {
  ownProcess: 'P',
  memoryLimit: 'M',
  cpuLimit: 'C',
  asyncTimeout: 'A',
  stateReset: 'R',
};
const allColumns: readonly Column[] = groups.flatMap((group) => columns[group]);

/** Prints one table: ratios, figures, and what they mean. */
export function printPeers(rows: readonly PeerRow[], ...remarks: readonly string[]): void {
  const notes = new Notes();
  const base = rows.find(({ isBaseline }) => isBaseline);
  const cellText = (row: PeerRow, column: Column, show: (value: number) => string): string => {
    const cell = row.cells.get(column.key);
    if (cell === undefined) return '–';
    return 'value' in cell ? show(cell.value) : `n/a ${notes.mark(cell.reason)}`;
  };
  const body = (show: (column: Column, value: number) => string): string[][] =>
    rows.map((row) => [
      row.peer.name,
      lettersOf(row.peer.guarantees),
      ...(row.missing === undefined
        ? allColumns.map((column) => cellText(row, column, (value) => show(column, value)))
        : [row.missing]),
    ]);
  const head = ['', 'gives', ...allColumns.map(({ key }) => key)];
  const ratios = body((column, value) => {
    const cell = base?.cells.get(column.key);
    return cell !== undefined && 'value' in cell ? ratioOf(column, value, cell.value) : '–';
  });
  const figures = body(figureOf);
  console.log(`\nPeers, side by side: how many times better than ${base?.peer.name ?? 'none'}`);
  printRows([head, ...ratios]);
  console.log('\n  The figures');
  printRows([head, ...figures]);
  console.log('');
  for (const { key, meaning } of allColumns) console.log(`  ${key.padEnd(12)}  ${meaning}`);
  console.log(`
  gives: P process of its own, M memory limit, C CPU limit (what computes for ever is ended),
         A async timeout (what waits for ever is ended), R state reset; a small letter: partly`);
  for (const remark of [...notes.lines(), ...remarks]) console.log(`  ${remark}`);
  for (const { peer } of rows) {
    const parts = [
      peer.note,
      peer.atOnce === undefined ? undefined : `at a time: ${peer.atOnce}, the others wait`,
    ];
    const note = parts.filter((part) => part !== undefined).join('; ');
    if (note !== '') console.log(`  ${peer.name}: ${note}`);
  }
}

/** Reasons, each once, under a letter. */
class Notes {
  readonly #reasons: string[] = [];

  mark(reason: string): string {
    if (!this.#reasons.includes(reason)) this.#reasons.push(reason);
    return letter(this.#reasons.indexOf(reason));
  }

  lines(): string[] {
    return this.#reasons.map((reason, i) => `n/a ${letter(i)}: ${reason}`);
  }
}

function letter(index: number): string {
  return String.fromCodePoint('a'.codePointAt(0)! + index);
}

function lettersOf(guarantees: Guarantees): string {
  const shown: Readonly<Record<Degree, (letter: string) => string>> = {
    yes: (each) => each,
    partly: (each) => each.toLowerCase(),
    no: () => '·',
  };
  return Object.entries(guaranteeLetters)
    .map(([key, each]) => shown[guarantees[key as keyof Guarantees]](each))
    .join('');
}

/** The first two columns to the left, the others to the right. A row that ends early says why. */
function printRows(rows: readonly string[][]): void {
  const width = rows[0]!.length;
  const widths = rows[0]!.map((_, i) =>
    Math.max(...rows.filter((row) => row.length === width).map((row) => row[i]!.length)),
  );
  for (const row of rows) {
    const cells = row.map((cell, i) => {
      if (i >= 2 && row.length < width) return cell;
      return i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!);
    });
    console.log(`  ${cells.join('  ').trimEnd()}`);
  }
}
