/**
 * A frame is a batch of messages: eight bytes of lengths (two unsigned numbers, little endian), then
 * that many bytes of UTF-8 holding a JSON array, then that many bytes of attachments. Everything that
 * is said within one tick goes in one frame. A message may carry `bytes`; they travel as attachment.
 */

const headerBytes = 8;

/** A message with an attachment. */
interface Carrier {
  readonly bytes: Uint8Array;
}

/** Where an attachment lies, in place of the bytes in the JSON. */
interface Place {
  readonly at: number;
  readonly length: number;
}

/** Turns messages into one frame. */
export function encodeFrame(messages: readonly unknown[]): Buffer {
  const attachments: Uint8Array[] = [];
  let attached = 0;
  const bodies = messages.map((message) => {
    if (!isCarrier(message)) return message;
    const { bytes } = message;
    const place: Place = { at: attached, length: bytes.length };
    attachments.push(bytes);
    attached += bytes.length;
    return { ...message, bytes: place };
  });
  const body = JSON.stringify(bodies);
  const length = Buffer.byteLength(body);
  const frame = Buffer.allocUnsafe(headerBytes + length + attached);
  frame.writeUInt32LE(length, 0);
  frame.writeUInt32LE(attached, 4);
  frame.write(body, headerBytes, 'utf8');
  let at = headerBytes + length;
  for (const bytes of attachments) {
    frame.set(bytes, at);
    at += bytes.length;
  }
  return frame;
}

/** Above this, messages of one tick are spread over several frames. A message is never split. */
const fullFrameCharacters = 8 * 1024 * 1024;

/** Turns messages into frames of a bearable size, in order. */
export function encodeFrames(messages: readonly unknown[]): Buffer[] {
  const frames: Buffer[] = [];
  let from = 0;
  let size = 0;
  for (let i = 0; i < messages.length; i++) {
    size += roughSize(messages[i]);
    if (size < fullFrameCharacters) continue;
    frames.push(encodeFrame(messages.slice(from, i + 1)));
    from = i + 1;
    size = 0;
  }
  if (from < messages.length) frames.push(encodeFrame(messages.slice(from)));
  return frames;
}

/** What is large in a message are texts in its fields, at most four levels down. */
function roughSize(value: unknown, depth = 4): number {
  if (typeof value === 'string') return value.length;
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== 'object' || value === null || depth === 0) return 0;
  let size = 0;
  for (const part of Object.values(value)) size += roughSize(part, depth - 1);
  return size;
}

/**
 * Puts frames together again from whatever pieces the pipe delivers.
 * Owned by one link; holds at most one unfinished frame of up to `maxBytes`.
 */
export class FrameReader {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes one piece and gives back the messages of all frames that are now complete, in order.
   * @throws {RangeError} when a frame announces more than `maxBytes`, or an attachment it has not.
   * @throws {SyntaxError} when a frame is not a JSON array.
   */
  read(piece: Buffer): unknown[] {
    this.#pieces.push(piece);
    this.#held += piece.length;
    const messages: unknown[] = [];
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) {
      for (const message of decode(frame)) messages.push(message);
    }
    return messages;
  }

  /** A complete frame, header and all. */
  #take(): Buffer | undefined {
    if (this.#held < headerBytes) return undefined;
    const first = this.#pieces[0]!;
    const head = first.length >= headerBytes ? first : this.#join();
    const end = headerBytes + head.readUInt32LE(0) + head.readUInt32LE(4);
    if (end > this.#maxBytes) {
      throw new RangeError(`frame of ${end} bytes is over the bound of ${this.#maxBytes}`);
    }
    if (this.#held < end) return undefined;
    const all = this.#join();
    this.#pieces = all.length > end ? [all.subarray(end)] : [];
    this.#held -= end;
    return all.subarray(0, end);
  }

  /** Joined only when a frame is complete, so a large one in many pieces is copied once. */
  #join(): Buffer {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0]!;
  }
}

function decode(frame: Buffer): unknown[] {
  const end = headerBytes + frame.readUInt32LE(0);
  const batch: unknown = JSON.parse(frame.toString('utf8', headerBytes, end));
  if (!Array.isArray(batch)) throw new SyntaxError('frame is not a list of messages');
  const attachments = frame.subarray(end);
  return batch.map((message: unknown) => withBytes(message, attachments));
}

function withBytes(message: unknown, attachments: Buffer): unknown {
  if (typeof message !== 'object' || message === null || !('bytes' in message)) return message;
  const { at, length } = (message.bytes ?? {}) as Partial<Place>;
  if (!isSize(at) || !isSize(length) || at + length > attachments.length) {
    throw new RangeError('an attachment lies outside its frame');
  }
  // A copy: a view would keep the whole frame alive.
  return { ...message, bytes: Buffer.from(attachments.subarray(at, at + length)) };
}

function isCarrier(message: unknown): message is Carrier {
  return (
    typeof message === 'object' &&
    message !== null &&
    'bytes' in message &&
    message.bytes instanceof Uint8Array
  );
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
