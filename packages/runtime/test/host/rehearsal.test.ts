import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import { rehearse } from '../../src/host/rehearsal.ts';
import { resolveOptions } from '../../src/options.ts';
import type { BytecodeStore } from '../../src/stores/bytecode-store.ts';

test('does not need a store', async () => {
  await expect(rehearse(resolveOptions())).resolves.toBeUndefined();
});

test('neither asks the store of the embedder nor writes to it', async () => {
  const calls: string[] = [];
  const store = new Proxy({} as BytecodeStore, {
    get: (_target, name) => () => calls.push(String(name)),
  });
  await rehearse(resolveOptions({ cache: { store, secret: 'long enough to be a secret' } }));
  expect(calls).toEqual([]);
});

test('works where hardly anything is allowed', async () => {
  const limits = { sourceBytes: 0, inputBytes: 2, outputBytes: 2 };
  await expect(
    rehearse(resolveOptions({ limits, cache: { size: 1, bytes: 0 } })),
  ).resolves.toBeUndefined();
});

test('is not told of to those who listen', async () => {
  const heard: unknown[] = [];
  const listener = (message: unknown): number => heard.push(message);
  for (const name of ['cloister:run:start', 'cloister:run:end']) {
    subscribe(name, listener);
    await rehearse(resolveOptions());
    unsubscribe(name, listener);
  }
  expect(heard).toEqual([]);
});
