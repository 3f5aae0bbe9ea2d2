import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { encodeParts, FrameReader } from './frames.ts';
import { Lookout } from './lookout.ts';

const maxFrameBytes = 256 * 1024 * 1024;
/** What the system holds of a pipe of this kind, more or less: all of it is taken in one go. */
const pieceBytes = 256 * 1024;
/** How long the host may leave the last word of a process unread, in milliseconds. */
const maxPartingMs = 20;

/**
 * The end of a child process of the pipe to its host, file descriptor 3. The host owns the process:
 * when the pipe is gone, or anything goes wrong that nobody caught, the process ends.
 */
export class HostPipe<Outgoing extends object> {
  readonly #reader = new FrameReader(maxFrameBytes);
  #handle: (message: unknown) => void = () => {};
  /** One place for all that comes, instead of a new one for each piece, whose pages the system has to find first. */
  readonly #place = Buffer.alloc(pieceBytes);
  readonly #socket = new Socket({
    fd: 3,
    readable: true,
    writable: true,
    onread: { buffer: this.#place, callback: (length) => this.#read(length) },
  });
  readonly #lookout = new Lookout();
  #outgoing: Outgoing[] = [];

  constructor() {
    this.#socket.on('close', () => leave());
    this.#socket.on('error', leave);
    process.on('uncaughtException', leave);
    // A Ctrl-C at a terminal, and some service managers, signal every process of a group. It is for
    // the host to decide what becomes of the runs; without it the pipe closes, and that is the end.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  }

  /** Calls `handle` with each message of the host from now on, in order. */
  listen(handle: (message: unknown) => void): void {
    this.#handle = handle;
  }

  /** Sends a message, in one frame with all others of this tick, unless `flush` is called before that is over. */
  send(message: Outgoing): void {
    if (this.#outgoing.length === 0) setImmediate(() => this.flush());
    this.#outgoing.push(message);
  }

  /** Sends a message, and ends the process as soon as it is on its way. */
  sendLast(message: Outgoing): void {
    this.#outgoing.push(message);
    this.flush();
    // Most likely the system has taken it already.
    if (this.#socket.writableLength === 0) return leave();
    this.#socket.write('', () => leave());
    setTimeout(leave, maxPartingMs);
  }

  /** Nothing of a message lies in the place when it has been handled. */
  #read(length: number): boolean {
    this.#lookout.heard();
    for (const message of this.#reader.read(this.#place.subarray(0, length))) this.#handle(message);
    return true;
  }

  /** Prepares for large frames. */
  makeRoom(): void {
    this.#reader.makeRoom();
  }

  /** Sends what there is. */
  flush(): void {
    if (this.#outgoing.length === 0) return;
    this.#socket.cork();
    for (const part of encodeParts(this.#outgoing)) this.#socket.write(part);
    this.#socket.uncork();
    this.#lookout.expect(this.#outgoing.length);
    this.#outgoing = [];
  }
}

/** Exit handlers would wait for threads that V8 cannot stop, so the process takes itself down. */
function leave(error?: unknown): void {
  try {
    if (error instanceof Error) writeSync(2, `worker: ${error.message}\n`);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}
