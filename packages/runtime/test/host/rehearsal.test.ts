import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import { Jail } from '../../src/host/jail/jail.ts';
import { rehearse } from '../../src/host/rehearsal.ts';
import { resolveOptions, type RuntimeOptions } from '../../src/options.ts';
import type { CacheTier } from '../../src/result.ts';
import { createRuntime, EngineRuntime } from '../../src/runtime.ts';
import type { BytecodeStore } from '../../src/stores/bytecode-store.ts';

const secret = 'long enough to be a secret';

/** @returns where the code of each run came from. */
async function rehearsed(options: RuntimeOptions): Promise<CacheTier[]> {
  const tiers: CacheTier[] = [];
  await rehearse(resolveOptions(options), (small, store, startWorker) => {
    const runtime = new EngineRuntime(small, new Jail(new Set()), store, startWorker);
    return {
      start: () => runtime.start(),
      shutdown: (given) => runtime.shutdown(given),
      execute: async (...given) => void tiers.push((await runtime.execute(...given)).usage.cache),
    };
  });
  return tiers;
}

/** A store of which every use is noted. */
function noted(): { store: BytecodeStore; calls: string[] } {
  const calls: string[] = [];
  const note =
    (name: string) =>
    (key?: string): Promise<undefined> => {
      calls.push(`${name} ${key ?? ''}`);
      return Promise.resolve(undefined);
    };
  const store = {
    get: note('get'),
    put: note('put'),
    delete: note('delete'),
    clear: note('clear'),
    close: note('close'),
  };
  return { store, calls };
}

test('goes through a run with code, one without, and one in a VM that knows the script', async () => {
  const later = Array.from({ length: 11 }, () => 'vm');
  expect(await rehearsed({})).toEqual(['miss', 'miss', ...later]);
  const cache = { store: noted().store, secret };
  expect(await rehearsed({ cache })).toEqual(['store', 'miss', ...later]);
});

test('works where hardly anything is allowed', async () => {
  const limits = { sourceBytes: 0, inputBytes: 2, outputBytes: 2, memoryMb: 8, timeoutMs: 1 };
  const given = { limits, cache: { size: 1, bytes: 0 }, queueLimit: 1, placement: 'dedicated' };
  expect(await rehearsed(given as RuntimeOptions)).toHaveLength(13);
});

test('neither asks the store of the embedder nor writes to it', async () => {
  const { store, calls } = noted();
  await rehearsed({ cache: { store, secret } });
  expect(calls).toEqual([]);
});

test('does not happen where somebody listens', async () => {
  const heard: unknown[] = [];
  const listener = (message: unknown): number => heard.push(message);
  subscribe('cloister:vm:create', listener);
  onTestFinished(() => void unsubscribe('cloister:vm:create', listener));
  expect(await rehearsed({})).toEqual([]);
  expect(heard).toEqual([]);
});

test('cannot do any harm to the runtime that starts meanwhile', async () => {
  await expect(
    rehearse(resolveOptions({}), () => {
      throw new Error('it cannot be made');
    }),
  ).resolves.toBeUndefined();
  await using runtime = await createRuntime();
  const { runs, pool, cache } = runtime.stats();
  expect(runs).toEqual({});
  expect(cache).toMatchObject({ entries: 0, misses: 0 });
  expect(pool.busy).toBe(0);
});
