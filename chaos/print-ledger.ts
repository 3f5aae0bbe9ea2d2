import { invariants, type Ledger, type Minute } from './ledger.ts';

/** One line on how it goes. */
export function printProgress(ledger: Ledger): void {
  const { submitted, settled, lostToChaos, calls } = ledger;
  const broken = invariants.reduce((sum, invariant) => sum + ledger.countOf(invariant), 0);
  const seconds = Math.round(ledger.elapsedMs / 1000);
  const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  const parts = [
    `good ${settled.good}/${submitted.good}`,
    `hostile ${settled.hostile}/${submitted.hostile}`,
    `host calls ${calls}`,
    `lost to the chaos ${lostToChaos.length}`,
    `broken ${broken}`,
  ];
  console.log(`${time}  ${parts.join('  ')}`);
}

/** Everything that was counted; the invariants last. */
export function printLedger(ledger: Ledger, losses: ReadonlyMap<string, number>): void {
  for (const side of ['good', 'hostile'] as const) {
    const { [side]: submitted } = ledger.submitted;
    const { [side]: settled } = ledger.settled;
    console.log(`\nRuns of ${side} tenants: ${submitted} submitted, ${settled} settled`);
    for (const [kind, codes] of ledger.ends[side]) {
      console.log(`  ${kind.padEnd(24)}${listed(codes)}`);
    }
  }
  console.log(`\nGood runs carried on, by attempts: ${listed(ledger.carriedOn)}`);
  console.log(
    `Host calls and events of good runs: ${ledger.calls}, ${ledger.events} of them events`,
  );
  console.log(`What was done to processes: ${listed(ledger.acts)}`);
  console.log(`Workers that ended: ${listed(losses)}`);
  printMinutes(ledger.minutes);
  console.log(`\nGood runs lost to the chaos itself: ${ledger.lostToChaos.length}`);
  for (const line of ledger.lostToChaos.slice(0, 10)) console.log(`  ${line}`);
  console.log('\nInvariants');
  for (const invariant of invariants) {
    console.log(`  ${invariant.padEnd(46)}${ledger.countOf(invariant)}`);
    for (const line of ledger.breaches.get(invariant) ?? []) console.log(`    ${line}`);
  }
}

function printMinutes(minutes: readonly Minute[]): void {
  console.log(
    '\nBy minute: tiny good runs (p50, p99, worst), host stalled at most, memory at most',
  );
  for (const [index, minute] of minutes.entries()) {
    if (minute === undefined) continue;
    const sorted = minute.latencies.toSorted((a, b) => a - b);
    const at = (share: number): string => {
      const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
      return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
    };
    const figures = [
      `${String(sorted.length).padStart(5)} runs`,
      `${at(0.5)}, ${at(0.99)}, ${at(1)}`.padEnd(28),
      `stall ${minute.stallMs.toFixed(0)} ms`.padEnd(14),
      `host ${mebibytes(minute.hostBytes)}`,
      `children ${mebibytes(minute.workersBytes)}, the largest ${mebibytes(minute.largestWorkerBytes)}`,
    ];
    console.log(`  ${String(index + 1).padStart(3)}  ${figures.join('  ')}`);
  }
}

function listed(counts: ReadonlyMap<string | number, number>): string {
  const parts = [...counts].toSorted(([, a], [, b]) => b - a).map(([what, n]) => `${what} ${n}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
