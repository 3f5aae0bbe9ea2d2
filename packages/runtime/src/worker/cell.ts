import { LRUCache } from 'lru-cache';
import type { RealmKind } from '../protocol/messages.ts';
import { Realm } from './realm.ts';
import { Vm, type VmFunction } from './vm.ts';

/** Compiled scripts that a VM keeps, by number and by characters of source. */
const maxScripts = 200;
const maxScriptCharacters = 4 * 1024 * 1024;

/** A realm for one run. `close` ends what was made for that run alone. */
export interface RunRealm {
  readonly realm: Realm;
  /** The script's wrapper, compiled here or kept from an earlier run. */
  load(): Promise<VmFunction>;
  close(): void;
}

/**
 * A VM ready for runs: its isolate, its hardened realm, and the scripts that are compiled in it.
 * Owned by the supervisor, which closes it.
 */
export class Cell {
  readonly vm: Vm;
  readonly #hardened: Realm;
  readonly #wrappers: LRUCache<number, VmFunction>;
  /** Where the guest's lines go: to the run that is under way. */
  readonly #listener: { post: (text: string) => void };

  private constructor(vm: Vm, hardened: Realm, listener: { post: (text: string) => void }) {
    this.vm = vm;
    this.#hardened = hardened;
    this.#listener = listener;
    this.#wrappers = new LRUCache({
      max: maxScripts,
      maxSize: maxScriptCharacters,
      dispose: (wrapper) => {
        if (!vm.isClosed) wrapper.release();
      },
    });
  }

  static async create(id: number, memoryMb: number): Promise<Cell> {
    const vm = new Vm(id, memoryMb);
    try {
      const listener = { post: (_text: string): void => {} };
      const hardened = await Realm.open(vm, 'hardened', (text) => listener.post(text));
      return new Cell(vm, hardened, listener);
    } catch (error) {
      vm.close();
      throw error;
    }
  }

  /** Gives a run its realm. The cell holds one run at a time. */
  async openRealm(
    kind: RealmKind,
    source: { readonly id: number; readonly text: string },
    post: (text: string) => void,
  ): Promise<RunRealm> {
    if (kind === 'fresh') {
      const realm = await Realm.open(this.vm, 'fresh', post);
      return { realm, load: () => realm.load(source.text), close: () => realm.close() };
    }
    this.#listener.post = post;
    const close = (): void => {
      this.#listener.post = () => {};
    };
    return { realm: this.#hardened, load: () => this.#load(source), close };
  }

  /** Forgets a source that no run will ask for any more. */
  forget(source: number): void {
    this.#wrappers.delete(source);
  }

  async #load(source: { readonly id: number; readonly text: string }): Promise<VmFunction> {
    const kept = this.#wrappers.get(source.id);
    if (kept !== undefined) return kept;
    const wrapper = await this.#hardened.load(source.text);
    this.#wrappers.set(source.id, wrapper, { size: source.text.length + 1 });
    return wrapper;
  }
}
