import { encodeText, isTextEncoding, type TextEncoding } from './text-encoding.ts';

/**
 * A frame is a batch of messages: eight bytes of lengths (two unsigned numbers, little endian), then
 * that many bytes of UTF-8 holding a JSON array, then that many bytes of attachments. Everything that
 * is said within one tick goes in one frame. Two fields of a message may travel as attachments, which
 * stand in the order of their messages: `bytes`, and a long `text`, which JSON would make dear.
 */

const headerBytes = 8;
/** Shorter texts are quicker written as JSON. */
const minTextCharacters = 4096;

/** Where an attachment lies, in place of the bytes in the JSON. */
interface Place {
  readonly at: number;
  readonly length: number;
}

/** Where a text lies, and how it is written down. */
interface TextPlace extends Place {
  readonly encoding: TextEncoding;
}

/** A message that is written down as JSON already. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A long text that comes out with something before and behind it, without a copy of it being made for that. */
export class SurroundedText {
  readonly before: string;
  readonly text: string;
  readonly after: string;

  constructor(before: string, text: string, after: string) {
    this.before = before;
    this.text = text;
    this.after = after;
  }
}

/** Turns messages into one frame. */
export function encodeFrame(messages: readonly unknown[]): Buffer {
  const writer = new FrameWriter();
  for (const message of messages) writer.add(message);
  return Buffer.concat(writer.finish());
}

/** Above this, messages of one tick are spread over several frames. A message is never split. */
const fullFrameSize = 8 * 1024 * 1024;

/** Turns messages into frames of a bearable size, in order. */
export function encodeFrames(messages: readonly unknown[]): Buffer[] {
  return writeFrames(messages).map((parts) => Buffer.concat(parts));
}

/** The same in the parts in which it is best written: what is attached is not copied. */
export function encodeParts(messages: readonly unknown[]): Uint8Array[] {
  return writeFrames(messages).flat();
}

function writeFrames(messages: readonly unknown[]): Uint8Array[][] {
  const frames: Uint8Array[][] = [];
  let writer: FrameWriter | undefined;
  for (const message of messages) {
    writer ??= new FrameWriter();
    writer.add(message);
    if (writer.size < fullFrameSize) continue;
    frames.push(writer.finish());
    writer = undefined;
  }
  if (writer !== undefined) frames.push(writer.finish());
  return frames;
}

/** One frame in the making. */
class FrameWriter {
  #body = '[';
  #attached = 0;
  readonly #attachments: Uint8Array[] = [];
  readonly #attach = (...parts: readonly Uint8Array[]): Place => {
    const at = this.#attached;
    for (const bytes of parts) {
      this.#attached += bytes.length;
      if (bytes.length > 0) this.#attachments.push(bytes);
    }
    return { at, length: this.#attached - at };
  };

  /** About what it takes, in characters and bytes. */
  get size(): number {
    return this.#body.length + this.#attached;
  }

  add(message: unknown): void {
    if (this.#body.length > 1) this.#body += ',';
    this.#body +=
      message instanceof JsonText
        ? message.text
        : (JSON.stringify(withPlaces(message, this.#attach)) ?? 'null');
  }

  finish(): Uint8Array[] {
    const body = `${this.#body}]`;
    const length = Buffer.byteLength(body);
    const head = Buffer.allocUnsafe(headerBytes + length);
    head.writeUInt32LE(length, 0);
    head.writeUInt32LE(this.#attached, 4);
    head.write(body, headerBytes, 'utf8');
    return [head, ...this.#attachments];
  }
}

function withPlaces(message: unknown, attach: (...parts: readonly Uint8Array[]) => Place): unknown {
  if (typeof message !== 'object' || message === null) return message;
  const { bytes, text } = message as { readonly bytes?: unknown; readonly text?: unknown };
  let placed = message;
  if (bytes instanceof Uint8Array) placed = { ...placed, bytes: attach(bytes) };
  if (typeof text === 'string' && text.length >= minTextCharacters) {
    return { ...placed, text: placeOf(new SurroundedText('', text, ''), attach) };
  }
  if (!(text instanceof SurroundedText)) return placed;
  const isLong = text.text.length >= minTextCharacters;
  return { ...placed, text: isLong ? placeOf(text, attach) : text.before + text.text + text.after };
}

function placeOf(
  { before, text, after }: SurroundedText,
  attach: (...parts: readonly Uint8Array[]) => Place,
): TextPlace {
  const { bytes, encoding } = encodeText(text);
  const place = attach(Buffer.from(before, encoding), bytes, Buffer.from(after, encoding));
  return { ...place, encoding };
}

/** Room for a larger frame is made as it comes: whoever announces one need not send it. */
const maxReservedBytes = 8 * 1024 * 1024;
/** Room of up to this size is used again: the system takes long to find pages. */
const maxKeptBytes = 1024 * 1024;

/**
 * Puts frames together again from whatever pieces the pipe delivers.
 * Owned by one link; holds at most one unfinished frame of up to `maxBytes`.
 */
export class FrameReader {
  readonly #maxBytes: number;
  /** An unfinished frame and room for more of it: each piece is put in its place when it comes. */
  #held: Buffer = Buffer.alloc(headerBytes);
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes one piece and gives back the messages of all frames that are now complete, in order.
   * @throws {RangeError} when a frame announces more than `maxBytes`, or an attachment it has not.
   * @throws {SyntaxError} when a frame is not a JSON array.
   */
  read(piece: Buffer): unknown[] {
    const messages: unknown[] = [];
    let at = 0;
    while (at < piece.length) {
      let frame = this.#size === 0 ? this.#wholeAt(piece, at) : undefined;
      if (frame === undefined) {
        at += this.#hold(piece, at);
        frame = this.#take();
      } else {
        at += frame.length;
      }
      if (frame === undefined) continue;
      for (const message of decode(frame)) messages.push(message);
    }
    return messages;
  }

  /** Finds the room now that most large frames need, so that the first of them does not wait for it. */
  makeRoom(): void {
    if (this.#size === 0) this.#held = Buffer.alloc(maxKeptBytes, 1);
  }

  /** A frame that lies whole within a piece, as most do. */
  #wholeAt(piece: Buffer, at: number): Buffer | undefined {
    if (piece.length - at < headerBytes) return undefined;
    const end = at + this.#lengthOf(piece, at);
    return end > piece.length ? undefined : piece.subarray(at, end);
  }

  /** @returns how much of the piece went to the unfinished frame. */
  #hold(piece: Buffer, at: number): number {
    const length = this.#heldLength;
    if (this.#held.length === this.#size) {
      const room = Math.min(length, Math.max(maxReservedBytes, 2 * this.#size));
      const larger = Buffer.allocUnsafe(room);
      this.#held.copy(larger);
      this.#held = larger;
    }
    const count = piece.copy(this.#held, this.#size, at, at + length - this.#size);
    this.#size += count;
    return count;
  }

  /** The frame that was unfinished, when it is not any more. */
  #take(): Buffer | undefined {
    if (this.#size < this.#heldLength || this.#size < headerBytes) return undefined;
    const frame = this.#held.subarray(0, this.#size);
    // Whoever reads the frame copies what is in it.
    if (this.#held.length > maxKeptBytes) this.#held = Buffer.alloc(headerBytes);
    this.#size = 0;
    return frame;
  }

  /** How long the unfinished frame will be, as far as that is known. */
  get #heldLength(): number {
    return this.#size < headerBytes ? headerBytes : this.#lengthOf(this.#held, 0);
  }

  #lengthOf(bytes: Buffer, at: number): number {
    const length = headerBytes + bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4);
    if (length > this.#maxBytes) {
      throw new RangeError(`frame of ${length} bytes is over the bound of ${this.#maxBytes}`);
    }
    return length;
  }
}

function decode(frame: Buffer): unknown[] {
  const end = headerBytes + frame.readUInt32LE(0);
  const batch: unknown = JSON.parse(frame.toString('utf8', headerBytes, end));
  if (!Array.isArray(batch)) throw new SyntaxError('frame is not a list of messages');
  const attachments = new Attachments(frame.subarray(end));
  return batch.map((message: unknown) => withAttachments(message, attachments));
}

function withAttachments(message: unknown, attachments: Attachments): unknown {
  if (typeof message !== 'object' || message === null) return message;
  let whole = message;
  // A copy: a view would keep the whole frame alive.
  if ('bytes' in whole) whole = { ...whole, bytes: new Uint8Array(attachments.take(whole.bytes)) };
  if ('text' in whole && typeof whole.text === 'object') {
    const part = attachments.take(whole.text);
    const { encoding } = whole.text as Partial<TextPlace>;
    if (!isTextEncoding(encoding)) throw new RangeError('a text is in an unknown encoding');
    whole = { ...whole, text: part.toString(encoding) };
  }
  return whole;
}

/**
 * The attachments of a frame. Each is taken once and in order, so that a frame cannot come out as
 * more than what was sent.
 */
class Attachments {
  readonly #bytes: Buffer;
  #taken = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(place: unknown): Buffer {
    const { at, length } = (place ?? {}) as Partial<Place>;
    if (at !== this.#taken || !isSize(length) || at + length > this.#bytes.length) {
      throw new RangeError('an attachment is not where it should be in its frame');
    }
    this.#taken += length;
    return this.#bytes.subarray(at, this.#taken);
  }
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
