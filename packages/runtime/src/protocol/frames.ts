/**
 * A frame is a batch of messages: four bytes of length (unsigned, little endian), then that many
 * bytes of UTF-8 holding a JSON array. Everything that is said within one tick goes in one frame.
 */

const headerBytes = 4;

/** Turns messages into one frame. */
export function encodeFrame(messages: readonly unknown[]): Buffer {
  const body = JSON.stringify(messages);
  const length = Buffer.byteLength(body);
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame.writeUInt32LE(length, 0);
  frame.write(body, headerBytes, 'utf8');
  return frame;
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
   * @throws {RangeError} when a frame announces more than `maxBytes`.
   * @throws {SyntaxError} when a frame is not a JSON array.
   */
  read(piece: Buffer): unknown[] {
    this.#pieces.push(piece);
    this.#held += piece.length;
    const messages: unknown[] = [];
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) {
      const batch: unknown = JSON.parse(frame.toString('utf8'));
      if (!Array.isArray(batch)) throw new SyntaxError('frame is not a list of messages');
      for (const message of batch) messages.push(message);
    }
    return messages;
  }

  #take(): Buffer | undefined {
    if (this.#held < headerBytes) return undefined;
    const first = this.#pieces[0]!;
    const head = first.length >= headerBytes ? first : this.#join();
    const length = head.readUInt32LE(0);
    if (length > this.#maxBytes) {
      throw new RangeError(`frame of ${length} bytes is over the bound of ${this.#maxBytes}`);
    }
    const end = headerBytes + length;
    if (this.#held < end) return undefined;
    const all = this.#join();
    this.#pieces = all.length > end ? [all.subarray(end)] : [];
    this.#held -= end;
    return all.subarray(headerBytes, end);
  }

  /** Joined only when a frame is complete, so a large one in many pieces is copied once. */
  #join(): Buffer {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0]!;
  }
}
