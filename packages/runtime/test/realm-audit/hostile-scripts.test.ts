import { beforeAll, describe, expect, test } from 'vitest';
import { killers } from '../fixtures/killers.ts';
import { recordEvents } from '../support/channels.ts';
import { differences, oneVm, takeSnapshot, type RealmSnapshot } from '../support/realm-audit.ts';
import { escapeScripts } from '../support/realm-escape-scripts.ts';
import { harmlessVandalism, regExpVandalism } from '../support/realm-vandalism.ts';
import { codeOf } from '../support/runs.ts';
import { useRuntime } from '../support/runtime.ts';

const isFull = process.env['CLOISTER_FULL'] === '1';
/** Scripts between two snapshots. */
const share = isFull ? 1 : 12;

/** Ends that leave the VM alive. */
const harmless = /^(completed|script_error|output_\w+)$/;
const survivable = killers.filter(
  ({ kind, codes }) =>
    ['boundary', 'flood', 'stack', 'other'].includes(kind) &&
    codes.every((code) => harmless.test(code)),
);

interface Script {
  readonly name: string;
  readonly source: string;
}

/** Parts of a list, as rows of a table of tests. */
function inParts(scripts: readonly Script[]): [title: string, scripts: readonly Script[]][] {
  const count = Math.ceil(scripts.length / share);
  return Array.from({ length: count }, (_, index) => {
    const part = scripts.slice(index * share, (index + 1) * share);
    return [part.map(({ name }) => name).join(', '), part];
  });
}

describe('the realm of a VM is as it was after', () => {
  const runtime = useRuntime(oneVm);
  let before: RealmSnapshot;
  beforeAll(async () => {
    before = await takeSnapshot(runtime());
  });

  /** Runs scripts one after the other in one and the same VM. */
  const audit = async (scripts: readonly Script[]): Promise<string[]> => {
    const events = recordEvents();
    const codes: string[] = [];
    for (const { source } of scripts) {
      codes.push(await codeOf(runtime().execute(source, {}, { limits: { timeoutMs: 5000 } })));
    }
    expect(differences(before, await takeSnapshot(runtime()))).toEqual([]);
    expect(events.of('cloister:vm:destroy'), `the VM survives ${codes.join()}`).toEqual([]);
    return codes;
  };

  test.each(inParts(survivable))('%s', async (_, scripts) => {
    for (const code of await audit(scripts)) expect(code).toMatch(harmless);
  });

  test('(there are enough of these)', () => {
    expect(survivable.length).toBeGreaterThan(40);
  });

  const escapes = Object.entries(escapeScripts());

  test.each(escapes)('the scripts of test/escape/%s, as statements', async (_, sources) => {
    const limits = { timeoutMs: 2000 };
    const codes = [];
    // Those that tamper with RegExp.prototype cost the VM; the next one must be the same.
    for (const source of sources)
      codes.push(await codeOf(runtime().execute(source, {}, { limits })));
    expect(codes.filter((code) => code !== 'compilation_error').length).toBeGreaterThan(5);
    expect(differences(before, await takeSnapshot(runtime()))).toEqual([]);
  });

  test.each(escapes)('the scripts of test/escape/%s, as expressions', async (_, sources) => {
    const limits = { timeoutMs: 2000 };
    for (const source of sources) {
      await codeOf(runtime().execute(`return [${source}\n]`, {}, { limits }));
    }
    expect(differences(before, await takeSnapshot(runtime()))).toEqual([]);
  });

  test.each(Object.entries(harmlessVandalism))('a script that tries %s', async (name, source) => {
    expect(await audit([{ name, source }])).toEqual(['completed']);
  });

  test.each(Object.entries(regExpVandalism))('%s, since that costs the VM', async (_, source) => {
    const events = recordEvents();
    await runtime().execute(source);
    expect(differences(before, await takeSnapshot(runtime()))).toEqual([]);
    expect(events.of('cloister:vm:destroy').map(({ reason }) => reason)).toEqual(['unhealthy']);
  });
});
