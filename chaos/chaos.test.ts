import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { goodScripts } from './good-scripts.ts';
import { invariants } from './ledger.ts';
import { Random } from './random.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const isLinux = process.platform === 'linux';

async function chaos(flags: readonly string[], interruptMs?: number): Promise<[number, string]> {
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (piece: Buffer) => (printed += piece.toString()));
  const timer = setTimeout(() => child.kill('SIGINT'), interruptMs ?? 2 ** 30);
  const status = await new Promise<number>((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  return [status, printed];
}

/** What the ledger says of an invariant. */
function countOf(invariant: string, printed: string): number {
  return Number(new RegExp(`^  ${invariant} +(\\d+)$`, 'm').exec(printed)?.[1]);
}

test.runIf(isLinux)(
  'a short while of chaos breaks no invariant',
  { timeout: 120_000 },
  async () => {
    const [status, printed] = await chaos(['--minutes', '0.3', '--seed', '1']);
    expect(
      invariants.map((name) => [name, countOf(name, printed)]),
      printed,
    ).toEqual(invariants.map((name) => [name, 0]));
    expect(status).toBe(0);
  },
);

test.runIf(isLinux)('SIGINT ends it early, with a ledger', { timeout: 60_000 }, async () => {
  const [, printed] = await chaos(['--minutes', '60', '--seed', '2'], 4000);
  expect(printed).toMatch(/^Runs of good tenants: \d+ submitted/m);
  expect(printed).toMatch(/^Invariants$/m);
});

test('the same seed gives the same numbers, and each actor a stream of its own', () => {
  const draws = (random: Random): number[] => Array.from({ length: 5 }, () => random.next());
  expect(draws(new Random(7))).toEqual(draws(new Random(7)));
  expect(draws(new Random(7).fork('a'))).toEqual(draws(new Random(7).fork('a')));
  expect(draws(new Random(7).fork('a'))).not.toEqual(draws(new Random(7).fork('b')));
  expect(new Set(goodScripts.map(({ kind }) => kind)).size).toBe(goodScripts.length);
});
