import { readFileSync } from 'node:fs';
import type { RunContext, Runtime, RuntimeOptions } from '../../src/index.ts';
import { harmlessVandalism, regExpVandalism } from './realm-vandalism.ts';

/** What the walk of {@link file://../fixtures/realm-snapshot.js} found in a realm. */
export interface RealmSnapshot {
  /** How many objects every run of the realm shares. */
  readonly count: number;
  /** A line for each of them, with its prototype, its properties and where they lead. */
  readonly text: string;
  /** What could be changed: `<path> is extensible`, `<path>.<key> is writable`. */
  readonly mutable: readonly string[];
}

/** A runtime of one VM, so that two runs of a tenant are two runs of that VM. */
export const oneVm: RuntimeOptions = { workers: 1, poolSize: 1, maxVms: 1 };

/** The script that takes a snapshot. */
export const snapshotSource: string = readFileSync(
  new URL('../fixtures/realm-snapshot.js', import.meta.url),
  'utf8',
);

/** Walks the realm of a tenant's VM. */
export async function takeSnapshot(
  runtime: Runtime,
  context: RunContext = {},
): Promise<RealmSnapshot> {
  const { output } = await runtime.execute(snapshotSource, {}, context);
  return output as unknown as RealmSnapshot;
}

/** The one object that is compared after each run instead (guest/harden.js), and its own properties. */
const watched =
  /^RegExp\.prototype(\.(Symbol\(Symbol\.\w+\)|\w+) is (writable|configurable)| is extensible)$/;

/** Whatever a script could change without being found out. */
export function unfrozen({ mutable }: RealmSnapshot): string[] {
  return mutable.filter((line) => !watched.test(line));
}

/** The lines that only one of two snapshots has. */
export function differences(before: RealmSnapshot, after: RealmSnapshot): string[] {
  if (before.text === after.text) return [];
  const [old, now] = [before.text.split('\n'), after.text.split('\n')];
  const [olds, nows] = [new Set(old), new Set(now)];
  const found = [
    ...old.filter((line) => !nows.has(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !olds.has(line)).map((line) => `+ ${line}`),
  ];
  return found.length > 0 ? found : ['the same lines in another order'];
}

/**
 * The whole audit of a runtime's VM: what is not frozen, and what differs after scripts that change
 * whatever they can.
 * @returns what the first check that fails has found; nothing, when the realm is hardened.
 */
export async function auditRealm(runtime: Runtime): Promise<string[]> {
  try {
    const before = await takeSnapshot(runtime);
    const findings = unfrozen(before);
    // Those that cost the VM come last: they would take away the traces of the others.
    for (const scripts of [harmlessVandalism, regExpVandalism]) {
      if (findings.length > 0) break;
      for (const source of Object.values(scripts)) await runtime.execute(source);
      findings.push(...differences(before, await takeSnapshot(runtime)));
    }
    return findings;
  } catch (error) {
    // Where nothing is frozen, the walk itself may fail. A copy of the package has errors of its own.
    if (!(error instanceof Error) || !('code' in error)) throw error;
    return [`${String(error.code)}: ${error.message}`];
  }
}
