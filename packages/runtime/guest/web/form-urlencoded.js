'use strict';
// The parser and serialiser of application/x-www-form-urlencoded, from the URL standard.
guest.formUrlencoded = (() => {
  const { charCodeAt, indexOf, slice, typedArrayLength } = guest.webIntrinsics;
  const { add, close, open } = guest.codeUnits;
  const { list, push } = guest.list;
  const { decode, encode } = guest.utf8;
  const hexDigits = '0123456789ABCDEF';
  const percent = 37;
  const plus = 43;
  const space = 32;

  const hexValue = (/** @type {number} */ unit) => {
    if (unit >= 48 && unit <= 57) return unit - 48;
    if (unit >= 65 && unit <= 70) return unit - 55;
    return unit >= 97 && unit <= 102 ? unit - 87 : -1;
  };

  /** Percent-decodes in place and answers how many bytes are left. */
  const unescapeBytes = (/** @type {any} */ bytes) => {
    const length = typedArrayLength(bytes);
    let to = 0;
    for (let from = 0; from < length; from++) {
      const byte = bytes[from];
      const high = byte === percent && from + 2 < length ? hexValue(bytes[from + 1]) : -1;
      const low = high < 0 ? -1 : hexValue(bytes[from + 2]);
      if (low >= 0) from += 2;
      bytes[to++] = low >= 0 ? high * 16 + low : byte === plus ? space : byte;
    }
    return to;
  };

  const unescape = (/** @type {string} */ text) => {
    if (indexOf(text, '%') < 0 && indexOf(text, '+') < 0) return text;
    const bytes = encode(text);
    return decode(bytes, unescapeBytes(bytes));
  };

  /** Pairs of a well-formed query string, in their order. */
  const parse = (/** @type {string} */ text) => {
    const pairs = list();
    let from = 0;
    while (from <= text.length) {
      const next = indexOf(text, '&', from);
      const end = next < 0 ? text.length : next;
      if (end > from) {
        const piece = slice(text, from, end);
        const equals = indexOf(piece, '=');
        const name = equals < 0 ? piece : slice(piece, 0, equals);
        const value = equals < 0 ? '' : slice(piece, equals + 1);
        push(pairs, { __proto__: null, name: unescape(name), value: unescape(value) });
      }
      from = end + 1;
    }
    return pairs;
  };

  /** ASCII letters and digits, `*`, `-`, `.` and `_` stand for themselves. */
  const isPlain = (/** @type {number} */ byte) =>
    (byte >= 97 && byte <= 122) ||
    (byte >= 65 && byte <= 90) ||
    (byte >= 45 && byte <= 57 && byte !== 47) ||
    byte === 42 ||
    byte === 95;

  const escape = (/** @type {CodeUnits} */ output, /** @type {string} */ text) => {
    const bytes = encode(text);
    const length = typedArrayLength(bytes);
    for (let i = 0; i < length; i++) {
      const byte = bytes[i];
      if (isPlain(byte)) {
        add(output, byte);
      } else if (byte === space) {
        add(output, plus);
      } else {
        add(output, percent);
        add(output, charCodeAt(hexDigits, byte >> 4));
        add(output, charCodeAt(hexDigits, byte & 15));
      }
    }
  };

  const serialize = (/** @type {GuestList<SearchPair>} */ pairs) => {
    const output = open(pairs.length * 16);
    for (let i = 0; i < pairs.length; i++) {
      const { name, value } = /** @type {SearchPair} */ (pairs[i]);
      if (i > 0) add(output, 38);
      escape(output, name);
      add(output, 61);
      escape(output, value);
    }
    return close(output);
  };

  return { __proto__: null, parse, serialize };
})();
