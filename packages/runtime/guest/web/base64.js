'use strict';
// `atob` and `btoa`.
guest.base64 = (() => {
  const { addGlobal } = guest.globals;
  const { add, close, open } = guest.codeUnits;
  const { DOMException } = guest.domException;
  const { domString, requireArguments } = guest.webIdl;
  const { charCodeAt } = guest.webIntrinsics;
  const { Int8Array, Uint8Array } = globalThis;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const padding = 61;
  const invalid = -1;
  const space = -2;

  const characters = new Uint8Array(64);
  const values = new Int8Array(128).fill(invalid);
  for (let i = 0; i < 64; i++) {
    characters[i] = alphabet.charCodeAt(i);
    values[alphabet.charCodeAt(i)] = i;
  }
  for (const unit of [9, 10, 12, 13, 32]) values[unit] = space;

  const addCharacter = (/** @type {CodeUnits} */ output, /** @type {number} */ value) =>
    add(output, /** @type {number} */ (characters[value & 63]));

  /** @param {any} data */
  const btoa = function (data) {
    requireArguments(arguments.length, 1, 'btoa');
    const text = domString(data);
    const output = open((text.length * 4) / 3 + 4);
    let bits = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = charCodeAt(text, i);
      if (unit > 255) {
        throw new DOMException('btoa: a character is beyond U+00FF', 'InvalidCharacterError');
      }
      bits = ((bits & 0xffff) << 8) | unit;
      if (i % 3 === 0) addCharacter(output, bits >> 2);
      else if (i % 3 === 1) addCharacter(output, bits >> 4);
      else {
        addCharacter(output, bits >> 6);
        addCharacter(output, bits);
      }
    }
    const rest = text.length % 3;
    if (rest === 1) addCharacter(output, bits << 4);
    if (rest === 2) addCharacter(output, bits << 2);
    for (let i = rest; i > 0 && i < 3; i++) add(output, padding);
    return close(output);
  };

  const refuse = () => {
    throw new DOMException('atob: the string is not base64', 'InvalidCharacterError');
  };

  const valueOf = (/** @type {number} */ unit) =>
    unit < 128 ? /** @type {number} */ (values[unit]) : invalid;

  /** @param {any} data */
  const atob = function (data) {
    requireArguments(arguments.length, 1, 'atob');
    const text = domString(data);
    const output = open((text.length * 3) / 4);
    let bits = 0;
    let digits = 0;
    let pads = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = charCodeAt(text, i);
      const value = valueOf(unit);
      if (value === space) continue;
      if (unit === padding) {
        pads++;
        continue;
      }
      if (value === invalid || pads > 0) refuse();
      bits = ((bits & 0xffffff) << 6) | value;
      digits++;
      if (digits % 4 === 2) add(output, (bits >> 4) & 255);
      else if (digits % 4 === 3) add(output, (bits >> 2) & 255);
      else if (digits % 4 === 0) add(output, bits & 255);
    }
    // Padding may be left out, but where it is, it completes a group of four.
    if (digits % 4 === 1 || pads > 2 || (pads > 0 && (digits + pads) % 4 !== 0)) refuse();
    return close(output);
  };

  addGlobal('atob', atob);
  addGlobal('btoa', btoa);
})();
