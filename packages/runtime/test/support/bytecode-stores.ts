import { vi } from 'vitest';
import type { CacheTier, Runtime, RuntimeOptions } from '../../src/index.ts';
import type { BytecodeStore } from '../../src/stores/bytecode-store.ts';
import { as } from './runs.ts';

export const secret = 'a secret for tests';
export const secretBytes = Buffer.from(secret);

/** A store in memory that works, and counts what is asked of it. */
export class MapStore implements BytecodeStore {
  readonly entries = new Map<string, Uint8Array>();
  readonly calls = { get: 0, put: 0, delete: 0, clear: 0, close: 0 };

  async get(key: string): Promise<Uint8Array | undefined> {
    this.calls.get++;
    return this.entries.get(key);
  }
  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.calls.put++;
    this.entries.set(key, bytes);
  }
  async delete(key: string): Promise<void> {
    this.calls.delete++;
    this.entries.delete(key);
  }
  async clear(): Promise<void> {
    this.calls.clear++;
    this.entries.clear();
  }
  async close(): Promise<void> {
    this.calls.close++;
  }

  /** Resolves when so many entries are there. */
  async holds(entries: number): Promise<void> {
    await vi.waitUntil(() => this.entries.size === entries, { timeout: 10_000, interval: 2 });
  }
}

type Method = 'get' | 'put' | 'delete' | 'clear' | 'close';

/** A store of which every method does the same, or those that are named. */
export function storeThat(
  does: () => unknown,
  methods: readonly Method[] = ['get', 'put', 'delete', 'clear', 'close'],
): BytecodeStore {
  const store = new MapStore();
  for (const name of methods) store[name] = does as () => Promise<never>;
  return store;
}

/** A script long enough for the cache, which gives its mark back; each mark takes as much room. */
export function largeSource(mark: string, characters = 6000): string {
  return `// ${'x'.repeat(characters)}\nreturn ${JSON.stringify(mark)}`;
}

export const small: RuntimeOptions = { workers: 1, poolSize: 2 };
export const cached = (store: MapStore, rest: RuntimeOptions['cache'] = {}): RuntimeOptions => ({
  ...small,
  cache: { store, secret, ...rest },
});

/** Runs a source for a tenant; gives its output and what spared it the compilation. */
export async function tierOf(
  runtime: Runtime,
  source: string,
  tenant = 'a',
): Promise<[unknown, CacheTier]> {
  const { output, usage } = await runtime.execute(source, {}, as(tenant));
  return [output['value'], usage.cache];
}
