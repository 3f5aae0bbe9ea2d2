import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import type { BlackBox } from './black-box.ts';
import { childOf } from './child-of.ts';
import { coveredDescriptors } from './inherited-descriptors.ts';
import { endWithHost, killGroup } from './end-with-host.ts';
import type { MemoryCeiling } from './memory-ceiling.ts';
import { filterDescriptor, pipeDescriptor, statusDescriptor, type Launch } from './jail/launch.ts';

/** How a worker process ended. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote on its standard error; V8 says there what was fatal to it. */
  readonly lastWords: string;
  /** The runs that it was executing; undefined when that is not known. */
  readonly executing: ReadonlySet<number> | undefined;
  /** Whether the kernel ended it because it took too much memory. */
  readonly outOfMemory: boolean;
}

/** What the owner of a worker process is told. */
export interface WorkerProcessEvents {
  onData(piece: Buffer): void;
  /** The last event, and always one. */
  onExit(exit: WorkerExit): void;
}

/** What a link needs of the process that it is the host's end of. */
export type WorkerChannel = Pick<
  WorkerProcess,
  'pid' | 'sessionPid' | 'write' | 'kill' | 'setReferenced'
>;

/** Starts a worker. @throws what the system says when it refuses one at once. */
export type StartWorker = (events: WorkerProcessEvents) => WorkerChannel;

const maxLastWords = 8 * 1024;
const errorDescriptor = 2;
/** From the end of its pipe until a process has to have ended, in milliseconds. */
const maxPartingMs = 200;

/**
 * A child process that runs {@link file://../worker/main.ts} or {@link file://../eraser/main.ts}: no
 * environment, no descriptor but its pipe (number 3), its black box (4) and its standard error, no
 * permission but to read the code that it runs, and whatever the jail adds to that.
 * Owned by one link.
 */
export class WorkerProcess {
  /** The program itself, or `bwrap`, which started it and ends with it. */
  readonly #child: ChildProcess;
  readonly #pipe: Socket;
  readonly #errors: Socket;
  readonly #status: NamespaceStatus | undefined;
  readonly #blackBox: BlackBox | undefined;
  readonly #ceiling: MemoryCeiling | undefined;
  #lastWords = '';
  #pid: number | undefined;
  /** What is written before the program may read: that is its own, and not for who starts it. */
  #held: Uint8Array[] | undefined = [];

  constructor(
    launch: Launch,
    events: WorkerProcessEvents,
    {
      blackBox,
      ceiling,
    }: { blackBox?: BlackBox | undefined; ceiling?: MemoryCeiling | undefined } = {},
  ) {
    this.#blackBox = blackBox;
    this.#ceiling = ceiling;
    try {
      this.#child = start(launch, blackBox, ceiling, () => {
        const held = this.#held ?? [];
        this.#held = undefined;
        this.write(held);
      });
    } catch (error) {
      blackBox?.close();
      ceiling?.close();
      throw error;
    }
    this.#errors = socketOf(this.#child, errorDescriptor);
    this.#pipe = socketOf(this.#child, pipeDescriptor);
    if (launch.namespaces !== undefined) this.#status = new NamespaceStatus(this.#child);
    // Else what it may have left behind would hold the other end of the pipes.
    this.#child.on('exit', () => this.#status?.sweep());
    this.#errors.on('data', (piece: Buffer) => {
      this.#lastWords = (this.#lastWords + piece.toString()).slice(-maxLastWords);
    });
    this.#pipe.on('data', (piece: Buffer) => events.onData(piece));
    // A broken pipe is followed by an exit, which says more, and which `bwrap` has to pass on first.
    this.#pipe.on('error', () => setTimeout(() => this.kill(), maxPartingMs).unref());
    let over = false;
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (over) return;
      over = true;
      this.#pipe.destroy();
      const executing = this.#blackBox?.executing();
      this.#blackBox?.close();
      const how = this.#status === undefined ? { code, signal } : ownEnd(code, signal);
      const outOfMemory = this.#ceiling?.hasKilled === true;
      this.#ceiling?.close();
      events.onExit({ ...how, lastWords: this.#lastWords, executing, outOfMemory });
    };
    this.#child.on('error', (error) => {
      this.#lastWords += error.message;
      if (this.#child.pid === undefined) end(null, null);
    });
    // `close` comes after `exit`, when standard error has been read to its end.
    this.#child.on('close', end);
  }

  /** Of the program itself, from the first that it says; until then perhaps of what starts it. */
  get pid(): number | undefined {
    if (this.#status === undefined) return this.#child.pid;
    if (this.#pid === undefined && this.#pipe.bytesRead > 0) {
      const { init } = this.#status;
      this.#pid = init === undefined ? undefined : childOf(init);
    }
    return this.#pid ?? this.#child.pid;
  }

  /** Of a process of its session, from early on: the program itself, or the first of its namespaces. */
  get sessionPid(): number | undefined {
    return this.#status === undefined ? this.#child.pid : this.#status.init;
  }

  write(parts: readonly Uint8Array[]): void {
    if (this.#held !== undefined) {
      this.#held.push(...parts);
      return;
    }
    if (!this.#pipe.writable) return;
    this.#pipe.cork();
    for (const part of parts) this.#pipe.write(part);
    this.#pipe.uncork();
  }

  /** SIGKILL: a thread that V8 cannot stop would hold up every other way out. */
  kill(): void {
    if (this.#status === undefined) this.#child.kill('SIGKILL');
    else this.#status.kill();
  }

  /** Whether this worker keeps the embedder's process alive. */
  setReferenced(referenced: boolean): void {
    const method = referenced ? 'ref' : 'unref';
    this.#child[method]();
    this.#pipe[method]();
    this.#errors[method]();
    this.#status?.[method]();
  }
}

/**
 * Starts what a launch says and waits for its end.
 * @param maxMs - how long it may take, in milliseconds; then it is killed.
 * @returns what is wrong with it; undefined when it has ended well.
 */
export function tryLaunch(launch: Launch, maxMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let errors = '';
    const child = start(launch);
    const deadline = setTimeout(() => {
      child.kill('SIGKILL');
      if (launch.namespaces !== undefined && child.pid !== undefined) killGroup(child.pid);
      resolve(`it did not end within ${maxMs} ms`);
    }, maxMs);
    socketOf(child, errorDescriptor).on('data', (piece) => (errors += piece.toString()));
    child.on('error', (error) => (errors += error.message));
    child.on('close', (code, signal) => {
      clearTimeout(deadline);
      const [words = ''] = errors.split('\n', 1);
      resolve(code === 0 ? undefined : words || `it ended with ${signal ?? `exit status ${code}`}`);
    });
  });
}

function start(
  { command, args, user, namespaces }: Launch,
  blackBox?: BlackBox,
  ceiling?: MemoryCeiling,
  onOpen: () => void = () => {},
): ChildProcess {
  const stdio = ['ignore', 'ignore', 'pipe', 'pipe', blackBox?.descriptor ?? 'ignore'] as (
    | 'ignore'
    | 'pipe'
    | number
  )[];
  if (namespaces !== undefined) stdio.push('pipe', 'pipe');
  const child = spawn(command, args, {
    env: {},
    cwd: '/',
    ...user,
    stdio: [...stdio, ...coveredDescriptors(stdio.length)],
    // A process group for `bwrap` and what it starts.
    detached: namespaces !== undefined,
    windowsHide: true,
  });
  if ((child.stdio as unknown) === undefined) {
    // There were no descriptors for its pipes. Node says so in an event, too, which nobody else would hear.
    child.on('error', () => {});
    throw new Error('no descriptor is left for its pipes');
  }
  if (namespaces !== undefined) endWithHost(child);
  const enclosed = child.pid === undefined ? undefined : ceiling?.enclose(child.pid);
  void Promise.resolve(enclosed).then(() => {
    // Nothing was started before this, so all that will be is in the control group.
    const pipe = socketOf(child, pipeDescriptor);
    if (namespaces !== undefined && pipe.writable) pipe.write('\n');
    onOpen();
  });
  if (namespaces !== undefined) {
    const pipe = socketOf(child, filterDescriptor);
    // Whoever does not read it ends, which says more than a broken pipe.
    pipe.on('error', () => {});
    pipe.resume();
    pipe.end(namespaces.filter ?? '');
  }
  return child;
}

/** The host's end of a pipe that a child process was started with. */
function socketOf(child: ChildProcess, descriptor: number): Socket {
  return (child.stdio as readonly unknown[])[descriptor] as Socket;
}

/** Follows what `bwrap` says, and ends what it has started. Owned by the worker process. */
class NamespaceStatus {
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  #text = '';
  #isDoomed = false;
  #isLeft = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#socket = socketOf(child, statusDescriptor);
    this.#socket.on('error', () => {});
    this.#socket.on('data', (piece: Buffer) => {
      this.#text += piece.toString();
      if (this.#isLeft) this.#killLeftover();
      else if (this.#isDoomed) this.kill();
    });
  }

  /** The first process of the namespaces, with which all others in them end; once it is known. */
  get init(): number | undefined {
    const pid = /"child-pid": (\d+)/.exec(this.#text)?.[1];
    return pid === undefined ? undefined : Number(pid);
  }

  /**
   * `bwrap` is left to end by itself, when nothing is left of what it has started; one that is killed
   * does not wait for that, and while it sets the namespaces up, it may leave their first process
   * behind. So that one is killed, as soon as it is known.
   */
  kill(): void {
    this.#isDoomed = true;
    const { exitCode, signalCode } = this.#child;
    if (this.init === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(this.init, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }

  /**
   * When `bwrap` has ended: one that was killed from outside while it set the namespaces up has left
   * their first process behind. That one is still in its group and waits for ever, or in none of ours
   * and goes on.
   */
  sweep(): void {
    this.#isLeft = true;
    if (this.#child.pid !== undefined) killGroup(this.#child.pid);
    this.#killLeftover();
  }

  #killLeftover(): void {
    const { init } = this;
    if (init === undefined) return;
    try {
      // Its number may be another's by now.
      const isOurs = readFileSync(`/proc/${init}/stat`, 'utf8').includes('(bwrap)');
      if (isOurs) process.kill(init, 'SIGKILL');
    } catch {
      // It has ended, too.
    }
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }
}

/** `bwrap` ends as what it started, but tells of a signal as shells do. */
function ownEnd(
  code: number | null,
  signal: NodeJS.Signals | null,
): Pick<WorkerExit, 'code' | 'signal'> {
  const number = (code ?? 0) - 128;
  const [name] = Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
  return name === undefined ? { code, signal } : { code: null, signal: name as NodeJS.Signals };
}
