import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

test('every benchmark runs and prints its table', { timeout: 240_000 }, async () => {
  const flags = ['--no-node-snapshot', main, '--smoke'];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  for (const title of [
    'one at a time',
    '256 in flight',
    'waiting on a timer',
    'Making a VM',
    'idle VM',
    'Compute-bound',
    'beside a bad tenant',
    'Overshoot of',
    'Compiling a script',
    'First result in a new process',
  ]) {
    expect(stdout).toContain(title);
  }
});
