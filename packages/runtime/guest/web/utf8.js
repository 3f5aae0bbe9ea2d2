'use strict';
// UTF-8, by the algorithms of the Encoding standard.
guest.utf8 = (() => {
  const { charCodeAt } = guest.webIntrinsics;
  const { addPoint, close, open } = guest.codeUnits;
  const { Uint8Array } = globalThis;
  const replacement = 0xfffd;
  const byteOrderMark = 0xfeff;

  const byteLength = (/** @type {string} */ text) => {
    let length = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = charCodeAt(text, i);
      // Each half of a surrogate pair counts two of its four bytes.
      length += unit < 0x80 ? 1 : unit < 0x800 || (unit & 0xf800) === 0xd800 ? 2 : 3;
    }
    return length;
  };

  /**
   * Writes as many whole characters as there is room for.
   * @param {string} text well formed
   * @param {any} bytes
   * @param {number} room
   */
  const write = (text, bytes, room) => {
    let read = 0;
    let written = 0;
    while (read < text.length) {
      const unit = charCodeAt(text, read);
      const size = unit < 0x80 ? 1 : unit < 0x800 ? 2 : (unit & 0xf800) === 0xd800 ? 4 : 3;
      if (written + size > room) break;
      if (size === 1) bytes[written] = unit;
      else if (size === 4) writePair(bytes, written, unit, charCodeAt(text, ++read));
      else writeUnit(bytes, written, unit, size);
      read++;
      written += size;
    }
    return { __proto__: null, read, written };
  };

  const writeUnit = (
    /** @type {any} */ bytes,
    /** @type {number} */ at,
    /** @type {number} */ unit,
    /** @type {number} */ size,
  ) => {
    if (size === 2) {
      bytes[at] = 0xc0 | (unit >> 6);
    } else {
      bytes[at] = 0xe0 | (unit >> 12);
      bytes[at + 1] = 0x80 | ((unit >> 6) & 0x3f);
    }
    bytes[at + size - 1] = 0x80 | (unit & 0x3f);
  };

  const writePair = (
    /** @type {any} */ bytes,
    /** @type {number} */ at,
    /** @type {number} */ lead,
    /** @type {number} */ trail,
  ) => {
    const point = 0x10000 + ((lead - 0xd800) << 10) + (trail - 0xdc00);
    bytes[at] = 0xf0 | (point >> 18);
    bytes[at + 1] = 0x80 | ((point >> 12) & 0x3f);
    bytes[at + 2] = 0x80 | ((point >> 6) & 0x3f);
    bytes[at + 3] = 0x80 | (point & 0x3f);
  };

  const encode = (/** @type {string} */ text) => {
    const length = byteLength(text);
    const bytes = new Uint8Array(length);
    write(text, bytes, length);
    return bytes;
  };

  /** The state between two pieces of a stream. */
  const decoder = (/** @type {boolean} */ keepMark) => ({
    __proto__: null,
    started: keepMark,
    needed: 0,
    point: 0,
    lower: 0x80,
    upper: 0xbf,
  });

  const restart = (/** @type {any} */ state) => {
    state.needed = 0;
    state.lower = 0x80;
    state.upper = 0xbf;
  };

  /** Takes the first byte of a character; false when no character begins so. */
  const begin = (/** @type {any} */ state, /** @type {number} */ byte) => {
    if (byte >= 0xc2 && byte <= 0xdf) {
      state.needed = 1;
      state.point = byte & 0x1f;
    } else if (byte >= 0xe0 && byte <= 0xef) {
      if (byte === 0xe0) state.lower = 0xa0;
      if (byte === 0xed) state.upper = 0x9f;
      state.needed = 2;
      state.point = byte & 0xf;
    } else if (byte >= 0xf0 && byte <= 0xf4) {
      if (byte === 0xf0) state.lower = 0x90;
      if (byte === 0xf4) state.upper = 0x8f;
      state.needed = 3;
      state.point = byte & 7;
    } else {
      return false;
    }
    return true;
  };

  const emit = (
    /** @type {any} */ state,
    /** @type {CodeUnits} */ output,
    /** @type {number} */ point,
  ) => {
    const first = !state.started;
    state.started = true;
    if (!first || point !== byteOrderMark) addPoint(output, point);
  };

  /** Takes one byte; answers how many errors it brought to light, and whether it is used up. */
  const take = (
    /** @type {any} */ state,
    /** @type {CodeUnits} */ output,
    /** @type {number} */ byte,
  ) => {
    if (state.needed === 0) {
      if (byte < 0x80) emit(state, output, byte);
      else if (!begin(state, byte)) return 'error';
      return 'taken';
    }
    if (byte < state.lower || byte > state.upper) {
      restart(state);
      return 'error before';
    }
    state.lower = 0x80;
    state.upper = 0xbf;
    state.point = (state.point << 6) | (byte & 0x3f);
    state.needed--;
    if (state.needed === 0) emit(state, output, state.point);
    return 'taken';
  };

  /**
   * Decodes one piece; false at the first error when errors are fatal.
   * @param {any} state
   * @param {CodeUnits} output
   * @param {any} bytes
   * @param {number} length
   * @param {boolean} fatal
   */
  const feed = (state, output, bytes, length, fatal) => {
    let i = 0;
    while (i < length) {
      const result = take(state, output, bytes[i]);
      if (result !== 'taken') {
        if (fatal) return false;
        emit(state, output, replacement);
      }
      if (result !== 'error before') i++;
    }
    return true;
  };

  /** Ends a stream; false when it ends within a character and errors are fatal. */
  const finish = (
    /** @type {any} */ state,
    /** @type {CodeUnits} */ output,
    /** @type {boolean} */ fatal,
  ) => {
    if (state.needed === 0) return true;
    restart(state);
    if (!fatal) emit(state, output, replacement);
    return !fatal;
  };

  /** Decodes bytes of known length; errors become U+FFFD, a byte order mark stays. */
  const decode = (/** @type {any} */ bytes, /** @type {number} */ length) => {
    const state = decoder(true);
    const output = open(length);
    feed(state, output, bytes, length, false);
    finish(state, output, false);
    return close(output);
  };

  return { __proto__: null, decode, decoder, encode, feed, finish, write };
})();
