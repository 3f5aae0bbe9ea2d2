import { inputJson, resolveContext } from '../context.ts';
import type { ResolvedOptions } from '../options.ts';
import { encodeParts, FrameReader } from '../protocol/frames.ts';
import type { HostMessage, SettledMessage } from '../protocol/messages.ts';
import { parseWorkerMessage } from '../protocol/parse-worker-message.ts';
import type { BytecodeStore } from '../stores/bytecode-store.ts';
import { BindingTable } from './binding-table.ts';
import { CompilationCache } from './compilation-cache.ts';
import { Deadlines } from './deadlines.ts';
import { isHeard } from './events.ts';
import { Execution } from './execution.ts';
import { FairTurns } from './fair-turns.ts';
import { GuardedStore } from './guarded-store.ts';
import type { PooledVm } from './pooled-vm.ts';
import { RecentTenants } from './recent-tenants.ts';
import { Reputation } from './reputation.ts';
import { Scheduler, type VmSource } from './scheduler.ts';

/** Long enough for the cache, and to travel as bytes. */
const text = `return null;//${' '.repeat(64 * 1024)}`;
const bytes = new Uint8Array(64 * 1024);
const tenant = { id: 'rehearsal' };
const performances = 2;
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
  const { limits } = resolveContext({ tenant }, options);
  inputJson({}, limits.inputBytes);
  const store =
    options.cache.store === undefined
      ? undefined
      : new GuardedStore(new OneEntry(), new Uint8Array(32));
  await putAndFind(store);
  exchange();
  perform(options);
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

/** A run from the queue to its end, in a VM of which there is no more than the host sees. */
function perform(options: ResolvedOptions): void {
  // Who listens is told of no run that nobody asked for.
  if (isHeard('cloister:run:start') || isHeard('cloister:run:end')) return;
  const deadlines = new Deadlines();
  const scheduler = new Scheduler(options, deadlines, stage());
  const cache = new CompilationCache({ entries: 1, bytes: 2 * bytes.length }, undefined);
  const calls = {
    table: new BindingTable([]),
    deadlines,
    counts: { made: 0, failed: 0, running: 0 },
    ending: new Set<Promise<void>>(),
    recorded: { characters: 0 },
    turns: new FairTurns(),
  };
  const share = { owner: scheduler, cache, calls, counts: {} };
  for (let id = 0; id < performances; id++) {
    const context = resolveContext({ tenant }, options);
    const source = cache.find(text);
    const history = new Reputation(options).of(tenant.id, source.id);
    const execution = new Execution(id, share, context, source, history, '{}', 'execute');
    scheduler.sendAhead(source, context, history);
    scheduler.submit(execution);
    execution.onSettled(settled);
  }
}

/** All that a run needs of a pool and of a worker. */
function stage(): VmSource {
  const link = { id: 0, startRun() {} };
  const vm = { id: 0, known: new Set<number>(), link } as unknown as PooledVm;
  return {
    recent: new RecentTenants(),
    isFull: false,
    startFailure: undefined,
    take: () => vm,
    join: () => undefined,
    hasLane: () => false,
    leave: () => true,
    release: (_vm, _end, whenStopped) => whenStopped(),
    sendAhead() {},
    hasFree: () => true,
    grow() {},
  };
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
