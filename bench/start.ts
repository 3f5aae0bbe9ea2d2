import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstOutput, firstOutputs, type Command } from './first-output.ts';
import { median, printTable, times, type Row } from './measure.ts';
import type { Extent } from './tiny-run.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const firstResult = fileURLToPath(new URL('peers/first-result.ts', import.meta.url));

/** From the start of a process to the first thing it prints: a library, and the command line. */
export async function startToFirstResult(extent: Extent): Promise<void> {
  const rounds = extent === 'full' ? 9 : 1;
  const folder = await mkdtemp(join(tmpdir(), 'cloister-bench-'));
  try {
    const script = join(folder, 'tiny.js');
    await writeFile(script, 'return { sum: ctx.input.a + ctx.input.b };\n');
    const node = (...args: string[]): Command => ({ file: process.execPath, args });
    const bareMs = await firstOutput(node('-p', '1'), rounds);
    const command = node('--no-node-snapshot', firstResult, 'cloister');
    const firsts = await firstOutputs(command, rounds);
    const row = rowsAgainst(bareMs);
    printTable('First result after start: how many times as long as a bare Node process', [
      row('node', bareMs),
      row('a process with a runtime', median(firsts.map(({ ms }) => ms))),
      row('  of it createRuntime() to the result', median(firsts.map(({ text }) => Number(text)))),
    ]);
    const npx = (...args: string[]): Command => ({ file: 'npx', args, cwd: root });
    const npxMs = await firstOutput(npx('node', '--version'), rounds);
    const run = npx('cloister', 'run', script, '--input', '{"a":1,"b":2}');
    const npxRow = rowsAgainst(npxMs);
    printTable('A tiny script under npx: how many times as long as npx itself', [
      npxRow('npx node --version', npxMs),
      npxRow('npx cloister run', await firstOutput(run, rounds)),
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function rowsAgainst(baseMs: number): (what: string, ms: number) => Row {
  return (what, ms) => ({ what, ratio: times(ms / baseMs), figures: `${ms.toFixed(0)} ms` });
}
