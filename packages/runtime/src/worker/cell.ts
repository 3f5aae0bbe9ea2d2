import { LRUCache } from 'lru-cache';
import { maxScriptsOfVm, type Compiled, type RealmKind } from '../protocol/messages.ts';
import { Compaction } from './compaction.ts';
import { compilePlain, compileScript } from './compile.ts';
import { mayWait } from './may-wait.ts';
import { Realm, rememberGuest } from './realm.ts';
import type { ScriptText } from './script-body.ts';
import { Turnstile } from './turnstile.ts';
import { Vm, type Code, type CompiledScript, type VmFunction } from './vm.ts';

/** Compiled scripts that a VM keeps, by characters of source; there is a bound to their number, too. */
const maxScriptCharacters = 4 * 1024 * 1024;

/**
 * VMs are made two at a time: what the making takes for a moment, malloc does not give back, and a
 * pool of a hundred takes it a hundred times over if all of them are made at once.
 */
const construction = new Turnstile(2);

/** Runs that take so little time on a core, and how many of them are taken together. */
const shortRunMs = 1;
const maxShortRuns = 16;
/** Of the memory that a VM may take. */
const fullShare = 0.75;

/** A source as the worker has it from the host. */
export interface WorkerSource extends ScriptText {
  readonly id: number;
  /** V8's code of it, of the host's cache. */
  code: Code | undefined;
}

/** A script in a realm, ready to be called. */
export interface LoadedScript {
  readonly wrapper: VmFunction;
  readonly compiled: Compiled;
}

/** A realm for one run. `close` ends what was made for that run alone. */
export interface RunRealm {
  readonly realm: Realm;
  /** @throws what V8 says of a source that does not parse. */
  load(): Promise<LoadedScript>;
  close(): void;
}

/** A script that was compiled in this VM, and its wrapper in the hardened realm. */
interface KeptScript {
  readonly script: CompiledScript;
  wrapper: VmFunction | undefined;
  /** The script as a plain function; null when it is not to be had as one. */
  plain: VmFunction | null | undefined;
}

/**
 * A VM ready for runs: its isolate, its hardened realm, and the scripts that are compiled in it.
 * Owned by the supervisor, which closes it.
 */
export class Cell {
  readonly vm: Vm;
  readonly #hardened: Realm;
  readonly #bindings: string;
  readonly #scripts: LRUCache<number, KeptScript>;
  /** Where the guest's lines go: to the run that is under way. */
  readonly #listener: { post: (text: string) => void };
  readonly #compaction: Compaction;
  #heapBytes = 0;
  #shortRuns = 0;

  private constructor(
    vm: Vm,
    hardened: Realm,
    bindings: string,
    listener: { post: (text: string) => void },
  ) {
    this.vm = vm;
    this.#hardened = hardened;
    this.#bindings = bindings;
    this.#listener = listener;
    this.#compaction = new Compaction(() => hardened.compact());
    this.#scripts = new LRUCache({
      max: maxScriptsOfVm,
      maxSize: maxScriptCharacters,
      dispose: ({ script, wrapper, plain }) => {
        if (vm.isClosed) return;
        script.release();
        wrapper?.release();
        plain?.release();
      },
    });
  }

  static async create(id: number, memoryMb: number, bindings: string): Promise<Cell> {
    return await construction.enter(() => Cell.#make(id, memoryMb, bindings));
  }

  static async #make(id: number, memoryMb: number, bindings: string): Promise<Cell> {
    const vm = new Vm(id, memoryMb);
    try {
      const listener = { post: (_text: string): void => {} };
      const hardened = await Realm.open(vm, 'hardened', bindings, (text) => listener.post(text));
      return new Cell(vm, hardened, bindings, listener);
    } catch (error) {
      vm.close();
      throw error;
    }
  }

  /** Whether a run is under way in it. */
  isBusy = false;

  /** To be called before the first use: a VM that nobody uses is made small. */
  async wake(): Promise<void> {
    await this.#compaction.end();
  }

  /** Gives a run its realm. The cell holds one run at a time. */
  async openRealm(
    kind: RealmKind,
    source: WorkerSource,
    post: (text: string) => void,
  ): Promise<RunRealm> {
    if (kind === 'fresh') {
      const realm = await Realm.open(this.vm, 'fresh', this.#bindings, post);
      const load = async (): Promise<LoadedScript> => {
        const { kept, compiled } = await this.#compile(source);
        return { wrapper: await realm.evaluate(kept.script), compiled };
      };
      return { realm, load, close: () => realm.close() };
    }
    return { ...this.openHardened(post), load: () => this.#loadHardened(source) };
  }

  /** Gives a run the realm that is there already. */
  openHardened(post: (text: string) => void): Omit<RunRealm, 'load'> {
    this.#listener.post = post;
    const close = (): void => {
      this.#listener.post = () => {};
    };
    return { realm: this.#hardened, close };
  }

  /** The wrapper of a script that has run in the hardened realm before. */
  readyWrapper(source: number): VmFunction | undefined {
    return this.#scripts.get(source)?.wrapper;
  }

  /**
   * A script that has run in the hardened realm before as a plain function, of which several runs can be
   * executed in one entry; undefined when it may wait for something.
   */
  plainWrapper(source: WorkerSource): VmFunction | undefined {
    const kept = this.#scripts.get(source.id);
    if (kept === undefined) return undefined;
    kept.plain ??= this.#makePlain(source);
    return kept.plain ?? undefined;
  }

  /** Says that a script waits for something after all. */
  giveUpPlain({ id }: WorkerSource): void {
    const kept = this.#scripts.get(id);
    if (kept === undefined) return;
    kept.plain?.release();
    kept.plain = null;
  }

  #makePlain({ text }: WorkerSource): VmFunction | null {
    if (mayWait(text)) return null;
    try {
      const script = compilePlain(this.vm, text);
      const wrapper = this.#hardened.evaluateNow(script);
      script.release();
      return wrapper;
    } catch {
      // There is no room for it, or the VM is closed.
      return null;
    }
  }

  /** Has later realms of this process begin with the code of the guest as it is in this VM now. */
  rememberGuest(): Promise<void> {
    return rememberGuest(this.vm);
  }

  /**
   * V8 heap and buffers in use after a run, or some, in bytes. V8 is not asked anew after each of many
   * short runs: what one of those leaves is little, and asking takes as long as the run.
   */
  heapBytesAfter(cpuMs: number, runs = 1): number {
    this.#shortRuns += runs;
    if (cpuMs > shortRunMs || this.#shortRuns >= maxShortRuns || this.#heapBytes === 0) {
      this.#shortRuns = 0;
      this.#heapBytes = this.vm.heapBytes;
    }
    return this.heapBytes;
  }

  /** What the last `heapBytesAfter` has found. */
  get heapBytes(): number {
    return this.vm.isClosed ? 0 : this.#heapBytes;
  }

  /** A VM whose memory is nearly used up is not worth keeping for the next run. */
  get isNearlyFull(): boolean {
    return this.heapBytes > fullShare * this.vm.memoryMb * 1024 * 1024;
  }

  /** Forgets a source that no run will ask for any more. */
  forget(source: number): void {
    this.#scripts.delete(source);
  }

  async #loadHardened(source: WorkerSource): Promise<LoadedScript> {
    const { kept, compiled } = await this.#compile(source);
    kept.wrapper ??= await this.#hardened.evaluate(kept.script);
    return { wrapper: kept.wrapper, compiled };
  }

  async #compile(source: WorkerSource): Promise<{ kept: KeptScript; compiled: Compiled }> {
    const known = this.#scripts.get(source.id);
    if (known !== undefined) return { kept: known, compiled: 'kept' };
    const { script, how } = await compileScript(this.vm, source, source.code);
    const kept = { script, wrapper: undefined, plain: undefined };
    this.#scripts.set(source.id, kept, { size: source.text.length + 1 });
    return { kept, compiled: how };
  }
}
