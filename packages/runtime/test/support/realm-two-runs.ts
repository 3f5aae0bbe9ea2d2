import { expect } from 'vitest';
import type { RunResult, Runtime } from '../../src/index.ts';
import { recordEvents } from './channels.ts';

/** Runs scripts one after the other in one and the same VM of one tenant, which must survive them. */
export async function inOneVm(
  runtime: Runtime,
  ...sources: readonly string[]
): Promise<RunResult[]> {
  const events = recordEvents();
  // Whatever VM there was is this tenant's from now on.
  await runtime.execute('return 0');
  const seen = events.all.length;
  const results: RunResult[] = [];
  for (const source of sources) results.push(await runtime.execute(source));
  const changes = events.all
    .slice(seen)
    .filter(({ name }) => name === 'cloister:vm:create' || name === 'cloister:vm:destroy');
  expect(changes, 'one VM from the first run to the last').toEqual([]);
  return results;
}
