import { setTimeout } from 'node:timers/promises';
import { defaultLimits } from '../limits.ts';
import type { ResolvedOptions } from '../options.ts';
import { completedRunText, completedText } from '../protocol/completed-text.ts';
import { encodeFrame, FrameReader, type JsonText } from '../protocol/frames.ts';
import type { HostMessage, RunMessage, WorkerMessage } from '../protocol/messages.ts';
import type { BytecodeStore } from '../stores/bytecode-store.ts';
import { isAnythingHeard } from './events.ts';
import { GuardedStore } from './guarded-store.ts';
import { sealCode } from './sealed-code.ts';
import type { StartWorker, WorkerChannel, WorkerProcessEvents } from './worker-process.ts';

/** A runtime as far as it has a part in this. */
interface RehearsedRuntime {
  start(): Promise<void>;
  execute(source: string, input: unknown, context: { tenant: { id: string } }): Promise<unknown>;
  shutdown(options: { graceMs: number }): Promise<void>;
}

/** The first worker waits until the host lets it go (`host/memory-ceiling.ts`), which is not to be delayed. */
const beginAfterMs = 10;
/** Long enough for the cache, and to travel as bytes. */
const longScript = `return null;//${' '.repeat(64 * 1024)}`;
/** So often that it is known to be over at once. */
const shortScripts = Array.from({ length: 12 }, () => 'return null');
const code = new Uint8Array(64 * 1024);
const secret = new Uint8Array(32);
const maxFrameBytes = 1024 * 1024;

/**
 * Does once what the host does for a run, with workers that only play their part: what is done for the
 * first time takes V8 and Node several times as long, and while the real ones start there is nothing
 * else to do. Does nothing when somebody listens to the events of runtimes: nobody asked for these runs.
 * Never rejects.
 * @param make - makes a runtime that starts its workers so.
 */
export async function rehearse(
  { cache, ...options }: ResolvedOptions,
  make: (
    options: ResolvedOptions,
    store: GuardedStore | undefined,
    startWorker: StartWorker,
  ) => RehearsedRuntime,
): Promise<void> {
  await setTimeout(beginAfterMs);
  if (isAnythingHeard()) return;
  const small = { poolSize: 2, maxVms: 2, workers: 1, spareWorkers: 0, bindings: [] };
  const bounds = { size: 2, bytes: 2 * code.length };
  const store = cache.store === undefined ? undefined : new GuardedStore(new FullStore(), secret);
  try {
    const runtime = make(
      { ...options, ...small, limits: defaultLimits, cache: { ...cache, ...bounds } },
      store,
      (events) => new StageWorker(events),
    );
    await perform(runtime);
  } catch {
    // What does not work will say so to who needs it.
  }
}

async function perform(runtime: RehearsedRuntime): Promise<void> {
  try {
    await runtime.start();
    for (const script of [longScript, ...shortScripts]) {
      await runtime.execute(script, {}, { tenant: { id: 'stage' } });
    }
  } finally {
    await runtime.shutdown({ graceMs: 0 });
  }
}

/** Says to everything what a worker says in which all goes well. */
class StageWorker implements WorkerChannel {
  readonly pid: undefined;
  readonly sessionPid: undefined;
  readonly #events: WorkerProcessEvents;
  readonly #reader = new FrameReader(maxFrameBytes);
  /** One tenant runs there, in one VM. */
  readonly #known = new Set<number>();

  constructor(events: WorkerProcessEvents) {
    this.#events = events;
  }

  write(parts: readonly Uint8Array[]): void {
    const answers = parts
      .flatMap((part) => this.#reader.read(Buffer.from(part)))
      .map((message) => this.#answerTo(message as HostMessage))
      .filter((answer) => answer !== undefined);
    if (answers.length > 0) setImmediate(() => this.#events.onData(encodeFrame(answers)));
  }

  kill(): void {
    const how = { code: null, signal: 'SIGKILL' } as const;
    const exit = { ...how, lastWords: '', executing: undefined, outOfMemory: false };
    setImmediate(() => this.#events.onExit(exit));
  }

  setReferenced(): void {}

  #answerTo(message: HostMessage): WorkerMessage | JsonText | undefined {
    switch (message.type) {
      case 'bindings':
        return { type: 'ready', versions: { node: '', v8: '', codeTag: '' } };
      case 'create-vm':
        return { type: 'vm-ready', vm: message.vm };
      case 'destroy-vm':
        return { type: 'vm-gone', vm: message.vm };
      case 'lane': {
        const runs = message.runs.map((run) => completedRunText(run, '{}', 0, 0));
        return completedText(runs, { heapBytes: 0, healthy: true });
      }
      case 'run':
        return this.#settledOf(message);
      default:
        return undefined;
    }
  }

  #settledOf({ run, source, codeWanted }: RunMessage): WorkerMessage {
    const compiled = this.#known.has(source) ? 'kept' : codeWanted ? 'source' : 'code';
    this.#known.add(source);
    return {
      type: 'settled',
      run,
      outcome: { status: 'completed', output: '{}' },
      usage: { wallMs: 0, cpuMs: 0, heapBytes: 0 },
      waited: false,
      longestTurnMs: 0,
      droppedLogs: 0,
      compiled,
      healthy: true,
    };
  }
}

/** Has code of every script. */
class FullStore implements BytecodeStore {
  get(key: string): Promise<Uint8Array> {
    return Promise.resolve(sealCode(secret, key, code));
  }

  async put(): Promise<void> {}
  async delete(): Promise<void> {}
  async clear(): Promise<void> {}
  async close(): Promise<void> {}
}
