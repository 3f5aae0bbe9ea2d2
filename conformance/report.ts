import type { KnownDifference } from './known/known-difference.ts';
import type { RealmName } from './options.ts';

/** What became of one test. */
export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'skipped'; readonly reason: string }
  /** Plain V8 fails as well. */
  | { readonly kind: 'failed-everywhere'; readonly failure: Failure }
  /** Plain V8 passes. */
  | { readonly kind: 'different'; readonly difference: Difference };

/** A test that plain V8 passes and we do not. */
interface Difference {
  readonly test: string;
  readonly expected: string;
  readonly got: string;
  /** The line that threw, where it is known. */
  readonly at: string | undefined;
  /** The class of known differences that it belongs to, if any. */
  readonly known: string | undefined;
}

/** A test that fails in plain V8 too. */
interface Failure {
  readonly test: string;
  readonly got: string;
  /** How it ended in plain V8. */
  readonly plain: string;
  /** Whether it passes in plain V8 as a script of its own, so that the function's body is to blame. */
  readonly passesAsScript: boolean;
}

/** Counts of tests. `failed` are failures that plain V8 has too; `different` those that it has not. */
export interface Counts {
  passed: number;
  failed: number;
  different: number;
  skipped: number;
}

/** What one pass over the suite found. */
export class Report {
  readonly realm: RealmName;
  readonly total: Counts = noCounts();
  /** By the first two folders of the path. */
  readonly folders = new Map<string, Counts>();
  readonly skipped = new Map<string, number>();
  readonly differences: Difference[] = [];
  readonly failures: Failure[] = [];

  constructor(realm: RealmName) {
    this.realm = realm;
  }

  get unexplained(): readonly Difference[] {
    return this.differences.filter(({ known }) => known === undefined);
  }

  add(path: string, verdict: Verdict): void {
    const folder = path.split('/').slice(0, -1).slice(0, 2).join('/');
    const counts = this.folders.get(folder) ?? noCounts();
    this.folders.set(folder, counts);
    const column = columns[verdict.kind];
    counts[column]++;
    this.total[column]++;
    if (verdict.kind === 'skipped') increment(this.skipped, verdict.reason);
    if (verdict.kind === 'failed-everywhere') this.failures.push(verdict.failure);
    if (verdict.kind === 'different') this.differences.push(verdict.difference);
  }

  /** How many differences each class of known differences explains. */
  explained(classes: readonly KnownDifference[]): ReadonlyMap<string, number> {
    const counts = new Map(classes.map(({ id }) => [id, 0]));
    for (const { known } of this.differences) if (known !== undefined) increment(counts, known);
    return counts;
  }

  toJSON(): object {
    return {
      realm: this.realm,
      total: this.total,
      folders: Object.fromEntries(byName(this.folders)),
      skipped: Object.fromEntries(byCount(this.skipped)),
      unexplained: this.unexplained.toSorted(byTest),
      known: this.differences.filter(({ known }) => known !== undefined).toSorted(byTest),
      failures: this.failures.toSorted(byTest),
    };
  }
}

const columns = {
  passed: 'passed',
  skipped: 'skipped',
  'failed-everywhere': 'failed',
  different: 'different',
} as const;

function noCounts(): Counts {
  return { passed: 0, failed: 0, different: 0, skipped: 0 };
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function byCount(counts: ReadonlyMap<string, number>): (readonly [string, number])[] {
  return [...counts].toSorted(([, a], [, b]) => b - a);
}

function byName<T>(entries: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function byTest(a: { readonly test: string }, b: { readonly test: string }): number {
  return a.test < b.test ? -1 : 1;
}

/** The report as text: folders, reasons for skipping, known differences by class, the rest in full. */
export function printReport(report: Report, classes: readonly KnownDifference[]): string {
  const rows = [...byName(report.folders), ['all', report.total] as const].map(
    ([folder, counts]) => [folder, ...Object.values(counts).map(String)],
  );
  const head = ['folder', 'passed', 'fails in plain V8 too', 'differs', 'skipped'];
  const known = byCount(report.explained(classes)).filter(([, count]) => count > 0);
  const lines = [
    `realm: ${report.realm}`,
    '',
    ...table([head, ...rows]),
    '',
    `of those that fail in plain V8 too, pass there as a script of their own: ${
      report.failures.filter(({ passesAsScript }) => passesAsScript).length
    }`,
    '',
    'skipped:',
    ...byCount(report.skipped).map(([reason, count]) => `  ${count}  ${reason}`),
    '',
    'differences from plain V8 with a reason (docs/conformance.md):',
    ...known.map(([id, count]) => `  ${count}  ${id}`),
    '',
    `differences from plain V8 without a reason: ${report.unexplained.length}`,
    ...report.unexplained
      .toSorted(byTest)
      .map(
        ({ test, expected, got, at = '' }) =>
          `  ${test}\n    wanted: ${expected}\n    got: ${got}${at && `\n    at: ${at}`}`,
      ),
  ];
  return `${lines.join('\n')}\n`;
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  '),
  );
}
