'use strict';
// The encoding that the Encoding standard gives the labels latin1, iso-8859-1 and us-ascii.
guest.windows1252 = (() => {
  const { add } = guest.codeUnits;
  /** 0x80 to 0x9F; every other byte stands for the character of its own number. */
  const upper = new Uint16Array([
    0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039,
    0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc,
    0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
  ]);

  /** As `guest.utf8.feed`; no byte is wrong. @type {(state: any, output: CodeUnits, bytes: any, length: number) => boolean} */
  const feed = (_state, output, bytes, length) => {
    for (let i = 0; i < length; i++) {
      const byte = bytes[i];
      add(output, byte >= 0x80 && byte <= 0x9f ? /** @type {number} */ (upper[byte - 0x80]) : byte);
    }
    return true;
  };

  return { __proto__: null, decoder: () => ({ __proto__: null }), feed, finish: () => true };
})();
