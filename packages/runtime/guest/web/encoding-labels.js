'use strict';
// The labels of the Encoding standard for the encodings that scripts have.
guest.encodingLabels = (() => {
  const { charCodeAt, slice, toLowerCase } = guest.webIntrinsics;
  const { domString } = guest.webIdl;
  const { RangeError } = globalThis;
  const longest = 40;

  const labels = /** @type {Record<string, string>} */ ({
    'utf-8': 'utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8',
    'utf-16le': 'utf-16le utf-16 ucs-2 csunicode iso-10646-ucs-2 unicode unicodefeff',
    'utf-16be': 'utf-16be unicodefffe',
    'windows-1252':
      'windows-1252 cp1252 x-cp1252 latin1 l1 iso-8859-1 iso8859-1 iso88591 iso_8859-1 ' +
      'iso_8859-1:1987 iso-ir-100 csisolatin1 cp819 ibm819 us-ascii ascii ansi_x3.4-1968',
  });
  const byLabel = /** @type {any} */ ({ __proto__: null });
  for (const name in labels) {
    for (const label of /** @type {string} */ (labels[name]).split(' ')) byLabel[label] = name;
  }

  /** Tab, line feed, form feed, carriage return, space. */
  const isSpace = (/** @type {number} */ unit) =>
    unit === 32 || unit === 9 || unit === 10 || unit === 12 || unit === 13;

  const trim = (/** @type {string} */ text) => {
    let start = 0;
    let end = text.length;
    while (start < end && isSpace(charCodeAt(text, start))) start++;
    while (end > start && isSpace(charCodeAt(text, end - 1))) end--;
    return slice(text, start, end);
  };

  /** The name of the encoding that a label stands for. */
  const encodingFor = (/** @type {any} */ given) => {
    const label = trim(domString(given));
    const name = label.length > longest ? undefined : byLabel[toLowerCase(label)];
    if (name !== undefined) return name;
    throw new RangeError(
      `TextDecoder: the encoding "${slice(label, 0, longest)}" is not supported; scripts have ` +
        'utf-8, utf-16le, utf-16be and windows-1252 (latin1, us-ascii)',
    );
  };

  return { __proto__: null, encodingFor };
})();
