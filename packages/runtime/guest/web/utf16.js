'use strict';
// UTF-16 in either byte order, by the algorithm of the Encoding standard.
guest.utf16 = (() => {
  const { addPoint } = guest.codeUnits;
  const replacement = 0xfffd;
  const byteOrderMark = 0xfeff;
  const none = -1;

  const decoder = (/** @type {boolean} */ keepMark, /** @type {boolean} */ bigEndian) => ({
    __proto__: null,
    started: keepMark,
    bigEndian,
    /** The first byte of a unit whose second has not come. */
    byte: none,
    lead: none,
  });

  const isLead = (/** @type {number} */ unit) => (unit & 0xfc00) === 0xd800;
  const isTrail = (/** @type {number} */ unit) => (unit & 0xfc00) === 0xdc00;

  const emit = (
    /** @type {any} */ state,
    /** @type {CodeUnits} */ output,
    /** @type {number} */ point,
  ) => {
    const first = !state.started;
    state.started = true;
    if (!first || point !== byteOrderMark) addPoint(output, point);
  };

  const wrong = (
    /** @type {any} */ state,
    /** @type {CodeUnits} */ output,
    /** @type {boolean} */ fatal,
  ) => {
    if (!fatal) emit(state, output, replacement);
    return !fatal;
  };

  /** @param {any} state @param {CodeUnits} output @param {number} unit @param {boolean} fatal */
  const take = (state, output, unit, fatal) => {
    const { lead } = state;
    state.lead = none;
    if (lead !== none) {
      if (isTrail(unit)) {
        emit(state, output, 0x10000 + ((lead - 0xd800) << 10) + (unit - 0xdc00));
        return true;
      }
      if (!wrong(state, output, fatal)) return false;
    }
    if (isLead(unit)) {
      state.lead = unit;
      return true;
    }
    if (isTrail(unit)) return wrong(state, output, fatal);
    emit(state, output, unit);
    return true;
  };

  /** As `guest.utf8.feed`. @type {(state: any, output: CodeUnits, bytes: any, length: number, fatal: boolean) => boolean} */
  const feed = (state, output, bytes, length, fatal) => {
    for (let i = 0; i < length; i++) {
      const byte = bytes[i];
      if (state.byte === none) {
        state.byte = byte;
        continue;
      }
      const unit = state.bigEndian ? (state.byte << 8) | byte : (byte << 8) | state.byte;
      state.byte = none;
      if (!take(state, output, unit, fatal)) return false;
    }
    return true;
  };

  /** As `guest.utf8.finish`. @type {(state: any, output: CodeUnits, fatal: boolean) => boolean} */
  const finish = (state, output, fatal) => {
    if (state.byte === none && state.lead === none) return true;
    state.byte = none;
    state.lead = none;
    return wrong(state, output, fatal);
  };

  return { __proto__: null, decoder, feed, finish };
})();
