/** How long each of many repetitions took, in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** Runs `once` one at a time, `warmUp` times unmeasured and `count` times measured. */
export async function latency(
  once: () => Promise<unknown>,
  count: number,
  warmUp: number,
): Promise<Latency> {
  const taken: number[] = [];
  for (let i = -warmUp; i < count; i++) {
    const begun = performance.now();
    await once();
    if (i >= 0) taken.push(performance.now() - begun);
  }
  return latencyOf(taken);
}

/** What times that need not be sorted come to. */
export function latencyOf(taken: readonly number[]): Latency {
  const sorted = taken.toSorted((a, b) => a - b);
  return { p50: at(sorted, 0.5), p99: at(sorted, 0.99) };
}

/** Keeps `inFlight` calls of `once` under way until `count` are done. @returns calls a second. */
export async function throughput(
  once: () => Promise<unknown>,
  count: number,
  inFlight: number,
): Promise<number> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await once();
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: inFlight }, lane));
  return (count / (performance.now() - begun)) * 1000;
}

/** The value below which the share `share` of sorted values lies. */
function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** The middle one of values that need not be sorted. */
export function median(values: readonly number[]): number {
  return at(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

/** One row of a table: what, the ratio that counts, and the figures behind it. */
export interface Row {
  readonly what: string;
  readonly ratio: string;
  readonly figures: string;
}

/** Prints a table, ratios first. */
export function printTable(title: string, rows: readonly Row[]): void {
  const width = Math.max(...rows.map((row) => row.what.length));
  const ratioWidth = Math.max(...rows.map((row) => row.ratio.length));
  console.log(`\n${title}`);
  for (const { what, ratio, figures } of rows) {
    console.log(`  ${what.padEnd(width)}  ${ratio.padStart(ratioWidth)}  ${figures}`);
  }
}

export function times(value: number): string {
  return `${value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)}×`;
}

export function microseconds(ms: number): string {
  return ms < 1 ? `${(ms * 1000).toFixed(0)} µs` : `${ms.toFixed(2)} ms`;
}

export function perSecond(rate: number): string {
  return `${Math.round(rate).toLocaleString('en')} runs/s`;
}

/** Resident memory of a process in bytes, as Linux tells; 0 elsewhere. */
export async function residentBytes(pid: number): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(2)} MiB`;
}
