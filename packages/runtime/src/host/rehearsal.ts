import { inputJson, resolveContext } from '../context.ts';
import type { ResolvedOptions } from '../options.ts';
import { encodeParts, FrameReader } from '../protocol/frames.ts';
import type { HostMessage, SettledMessage } from '../protocol/messages.ts';
import { parseWorkerMessage } from '../protocol/parse-worker-message.ts';
import type { BytecodeStore } from '../stores/bytecode-store.ts';
import { CompilationCache } from './compilation-cache.ts';
import { GuardedStore } from './guarded-store.ts';

/** Long enough for the cache, and to travel as bytes. */
const text = `return null;//${' '.repeat(64 * 1024)}`;
const bytes = new Uint8Array(64 * 1024);
const settled: SettledMessage = {
  type: 'settled',
  run: 0,
  outcome: { status: 'completed', output: '{}' },
  usage: { wallMs: 0, cpuMs: 0, heapBytes: 0 },
  waited: false,
  longestTurnMs: 0,
  droppedLogs: 0,
  compiled: 'code',
  healthy: true,
};

/**
 * Does once what the host does for a run, with a script, a cache and a store of its own and nobody who
 * carries it out: what is done for the first time takes V8 and Node several times as long, and while
 * the workers start there is nothing else to do.
 */
export async function rehearse(options: ResolvedOptions): Promise<void> {
  const { limits } = resolveContext({ tenant: { id: 'rehearsal' } }, options);
  inputJson({}, limits.inputBytes);
  const store =
    options.cache.store === undefined
      ? undefined
      : new GuardedStore(new OneEntry(), new Uint8Array(32));
  await putAndFind(store);
  exchange();
}

/** The second cache finds what the first has put into the store. */
async function putAndFind(store: GuardedStore | undefined): Promise<void> {
  for (let i = 0; i < 2; i++) {
    const cache = new CompilationCache({ entries: 1, bytes: 2 * bytes.length }, store);
    const source = cache.find(text);
    cache.failureOf(text);
    await cache.prepare(source);
    cache.take(source);
    cache.expect(source);
    cache.keep(source, bytes);
    await store?.settle();
  }
}

function exchange(): void {
  const sent: HostMessage[] = [
    { type: 'add-source', source: 0, text },
    { type: 'add-code', source: 0, bytes },
  ];
  encodeParts(sent);
  const reader = new FrameReader(bytes.length);
  for (const part of encodeParts([settled])) {
    for (const message of reader.read(Buffer.from(part))) parseWorkerMessage(message);
  }
}

class OneEntry implements BytecodeStore {
  #bytes: Uint8Array | undefined;

  get(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#bytes);
  }

  put(_key: string, given: Uint8Array): Promise<void> {
    this.#bytes = given;
    return Promise.resolve();
  }

  async delete(): Promise<void> {}
  async clear(): Promise<void> {}
  async close(): Promise<void> {}
}
