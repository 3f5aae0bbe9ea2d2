/** Something that runs scripts, used as its own documentation recommends. */
export interface Peer {
  readonly name: string;
  readonly guarantees: Guarantees;
  /** What a reader has to know about its row. */
  readonly note?: string;
  /**
   * Runs at a time: one where they are synchronous, 16 where more would take all memory. The others
   * wait in the host. Default: no bound.
   */
  readonly atOnce?: number;
  /** Loads its package, which may not be installed. */
  open(needs?: Needs): Promise<OpenPeer>;
}

/** What a peer does by itself, once its embedder has set the options that its documentation names. */
export interface Guarantees {
  /** Scripts run in another process than the embedder's. */
  readonly ownProcess: Degree;
  /** A script that takes more and more memory is ended. */
  readonly memoryLimit: Degree;
  /** A script that computes for ever is ended. */
  readonly cpuLimit: Degree;
  /** A script that waits for ever is ended. */
  readonly asyncTimeout: Degree;
  /** A run sees nothing that another run has left. */
  readonly stateReset: Degree;
}

export type Degree = 'yes' | 'partly' | 'no';

/** What a measurement wants over a script and its input. */
export interface Needs {
  /** `add(a, b)`, a function of the host: scripts may say `await add(1, 2)`. */
  readonly hostCalls?: boolean;
  /** A clock that goes on while a script computes. */
  readonly clock?: boolean;
  /** More VMs at a time than a peer may have by default. */
  readonly manyVms?: boolean;
}

export interface OpenPeer {
  /**
   * Runs a script for a tenant.
   * @param source - the body of a function, which sees `ctx.input` and gives back what JSON can hold.
   */
  run(source: string, input: unknown, tenant: string): Promise<Outcome>;
  /** Makes a VM, in which a script could begin now. Without it: no way to have one. */
  makeVm?(): Promise<HeldVm>;
  /** Makes idle VMs and keeps them; without it, `makeVm` is called as often. */
  keepVms?(count: number): Promise<HeldVm>;
  close(): Promise<void>;
}

export interface Outcome {
  readonly output: unknown;
  /** How long it took inside the VM in milliseconds, where the peer says so. */
  readonly insideMs?: number;
}

export interface HeldVm {
  close(): Promise<void>;
}

/** The limits that every peer is given, as far as it takes any. */
export const limits = { memoryMb: 128, timeoutMs: 30_000 } as const;

/**
 * Loads a package of this folder's own, which the types of the repository do not know.
 * @throws {Error} when it is not installed.
 */
export async function load<Module>(name: string): Promise<Module> {
  return (await import(name)) as Module;
}
