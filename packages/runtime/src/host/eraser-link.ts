import { encodeParts, FrameReader } from '../protocol/frames.ts';
import {
  parseEraserMessage,
  type EraserAnswer,
  type EraserMessage,
} from '../protocol/eraser-messages.ts';
import { ProtocolError } from '../protocol/fields.ts';
import type { Jail } from './jail/jail.ts';
import { WorkerProcess, type WorkerExit } from './worker-process.ts';

/** What the owner of a link is told. */
export interface EraserLinkEvents {
  /** It can take its first source. */
  onReady(): void;
  /** It has done with its source; it can take another when it is `isIdle`. */
  onAnswer(answer: EraserAnswer): void;
  /** The last event, and always one. `wasReady` is false when the process could not start. */
  onLost(reason: string, wasReady: boolean): void;
}

const maxFrameBytes = 256 * 1024 * 1024;
/** The parser's memory never shrinks, so a process that has grown beyond this is not used again. */
const maxResidentBytes = 256 * 1024 * 1024;
/** What the parser puts in place of types: blanks of one, two and three bytes, and punctuation. */
const replacements: ReadonlySet<number> = new Set(
  Array.from(' \u00A0\u2002\uFEFF;()', (character) => character.charCodeAt(0)),
);

/**
 * The host's end of one process that erases types: `starting` → `idle` ⇄ `busy`, and from each of
 * them → `dead`. Keeps the embedder's process alive while it is starting or busy. Owned by the type
 * eraser.
 */
export class EraserLink {
  readonly #events: EraserLinkEvents;
  readonly #process: WorkerProcess;
  readonly #reader = new FrameReader(maxFrameBytes);
  readonly #idleMs: number;
  #state: 'starting' | 'idle' | 'busy' | 'dead' = 'starting';
  #wasReady = false;
  #source = '';
  #killed: string | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  /**
   * @param jail - in which it is started.
   * @param idleMs - how long it may be idle before it ends, in milliseconds.
   */
  constructor(jail: Jail, idleMs: number, events: EraserLinkEvents) {
    this.#idleMs = idleMs;
    this.#events = events;
    this.#process = new WorkerProcess(jail.launch('eraser'), {
      onData: (piece) => this.#read(piece),
      onExit: (exit) => this.#lost(exit),
    });
  }

  get isStarting(): boolean {
    return this.#state === 'starting';
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /** Sends a source; only when it is idle. */
  erase(source: string): void {
    clearTimeout(this.#idleTimer);
    this.#state = 'busy';
    this.#source = source;
    this.#process.setReferenced(true);
    this.#process.write(encodeParts([{ type: 'erase', source }]));
  }

  /** Kills the process; `onLost` follows, and nothing before it. Idempotent. */
  kill(reason: string): void {
    clearTimeout(this.#idleTimer);
    this.#killed ??= reason;
    this.#state = 'dead';
    this.#process.kill();
  }

  /** Ends it at the end of the runtime's life, which waits for its exit. */
  close(): void {
    this.kill('the runtime was shut down');
    this.#process.setReferenced(true);
  }

  #read(piece: Buffer): void {
    if (this.#state === 'dead') return;
    try {
      for (const message of this.#reader.read(piece)) this.#handle(parseEraserMessage(message));
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unreadable';
      this.kill(`it broke the protocol: ${reason}`);
    }
  }

  #handle(message: EraserMessage): void {
    switch (message.type) {
      case 'ready':
        if (this.#state !== 'starting') throw new ProtocolError('ready twice');
        this.#wasReady = true;
        this.#rest();
        return this.#events.onReady();
      case 'erased':
        if (!isBlanked(this.#source, message.text)) {
          throw new ProtocolError('text is not the source with blanks in it');
        }
        return this.#answered(message, message.residentBytes > maxResidentBytes);
      case 'refused':
        return this.#answered(message, message.residentBytes > maxResidentBytes);
      case 'gave-up':
        return this.#answered(message, true);
      default:
        message satisfies never;
    }
  }

  #answered(answer: EraserAnswer, isSpent: boolean): void {
    if (this.#state !== 'busy') throw new ProtocolError('answer without a question');
    this.#source = '';
    this.#rest();
    if (isSpent) this.kill('it was worn out');
    this.#events.onAnswer(answer);
  }

  #rest(): void {
    this.#state = 'idle';
    this.#process.setReferenced(false);
    this.#idleTimer = setTimeout(() => this.kill('it was idle'), this.#idleMs).unref();
  }

  #lost(exit: WorkerExit): void {
    clearTimeout(this.#idleTimer);
    this.#state = 'dead';
    const how = exit.signal === null ? `exit status ${exit.code}` : `signal ${exit.signal}`;
    this.#events.onLost(this.#killed ?? how, this.#wasReady);
  }
}

/** What comes back is run in the tenant's name, so it may be nothing but what was sent, with holes. */
function isBlanked(source: string, text: string): boolean {
  if (text.length !== source.length) return false;
  for (let at = 0; at < source.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit !== source.charCodeAt(at) && !replacements.has(unit)) return false;
  }
  return true;
}
