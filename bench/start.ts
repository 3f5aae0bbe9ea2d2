import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureBuilt } from '../scripts/ensure-built.ts';
import { firstOutput, firstOutputs, type Command } from './first-output.ts';
import { median, printTable, times, type Row } from './measure.ts';
import type { Extent } from './tiny-run.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a tiny script, the first in its process, and prints the milliseconds from `createRuntime()`. */
const programOf = (runtime: string): string => `
import { createRuntime } from ${JSON.stringify(runtime)};
const begun = performance.now();
const runtime = await createRuntime();
const { output } = await runtime.execute('return { sum: ctx.input.a + ctx.input.b }', { a: 1, b: 2 });
const ms = performance.now() - begun;
if (output.sum !== 3) throw new Error('a wrong result');
process.stdout.write(String(ms));
await runtime.shutdown();
`;

/**
 * From the start of a process to the first thing it prints: the library and the command line, both as they
 * are installed.
 */
export async function startToFirstResult(extent: Extent): Promise<void> {
  const rounds = extent === 'full' ? 9 : 1;
  const folder = await mkdtemp(join(tmpdir(), 'cloister-bench-'));
  try {
    const script = join(folder, 'tiny.js');
    await writeFile(script, 'return { sum: ctx.input.a + ctx.input.b };\n');
    const node = (...args: string[]): Command => ({ file: process.execPath, args });
    const bareMs = await firstOutput(node('-p', '1'), rounds);
    const index = join(await ensureBuilt(), '@cloister/runtime/dist/index.js');
    const program = join(folder, 'first-result.mjs');
    await writeFile(program, programOf(pathToFileURL(index).href));
    const firsts = await firstOutputs(node(program), rounds);
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
