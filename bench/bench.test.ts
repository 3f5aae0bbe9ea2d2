import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const bench = async (...words: string[]) => {
  try {
    return await promisify(execFile)(process.execPath, ['--no-node-snapshot', main, ...words]);
  } catch (error) {
    const { code, signal, stderr } = error as { code?: number; signal?: string; stderr: string };
    throw Object.assign(new Error(`it ended with ${signal ?? code}: ${stderr}`), { stderr });
  }
};

/** What each program prints: the titles of its tables, or the part of them that counts. */
const titles: Readonly<Record<string, readonly string[]>> = {
  latency: ['one at a time'],
  throughput: ['256 in flight'],
  levels: ['by how many are in flight', '1024 in flight', '2048 in flight'],
  tenants: ['Many tenants in turn'],
  'in-flight': ['waiting on a timer'],
  waiting: ['waiting on a host call'],
  'host-call': ['one after the other', 'at once'],
  'vm-creation': ['Making a VM'],
  memory: ['idle VM'],
  compute: ['Compute-bound'],
  fairness: ['beside a bad tenant'],
  overshoot: ['Overshoot'],
  'long-use': ['Long use'],
  start: ['First result after start', 'under npx'],
  'first-run': ['Compiling a script', 'First result in a new process'],
  peers: ['Peers, side by side'],
};

describe.each(Object.entries(titles))('%s', (name, parts) => {
  // Isolates in a process that then ends by itself, as no worker does, take it down now and then.
  test('runs and prints its tables', { timeout: 240_000, retry: 2 }, async () => {
    const { stdout } = await bench(name, '--smoke');
    for (const part of parts) expect(stdout).toContain(part);
    if (name !== 'peers') return;
    expect(stdout).toContain('PMCAR');
    expect(stdout).not.toContain('n/a');
    // In CI they are not, since nothing but this table needs them.
    const isInstalled = existsSync(new URL('peers/node_modules', import.meta.url));
    const row = /^ +quickjs-emscripten +\S+ +(.*)$/m.exec(stdout)?.[1];
    expect(row).toMatch(isInstalled ? /^[\d.]+×/ : /^not installed: Cannot find package/);
  });
});

test('there are no other benchmarks', async () => {
  const { stderr } = await bench('no-such').catch((error: unknown) => error as { stderr: string });
  expect(stderr).toContain(`there are ${Object.keys(titles).join(', ')}\n`);
});
