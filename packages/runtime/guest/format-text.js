'use strict';
/**
 * Text of primitives and keys, and the budget that every printed character is taken from.
 * Lists are null-prototype objects, because tenant code can put setters on Array.prototype.
 */
guest.formatText = (() => {
  const { beginning } = guest.primordials;
  const { bigintAsText, charCodeAt, indexOf, min, numberAsText, repeat, slice, symbolAsText } =
    guest.formatIntrinsics;

  const MAX_NODES = 10_000;
  const MAX_STRING = 10_000;
  /** Elements that are printed of one collection. */
  const MAX_ITEMS = 100;
  const BREAK_LENGTH = 80;
  // Printing a bigint takes time that grows with the square of its size and cannot be interrupted.
  const HUGE_BIGINT = 1n << 33_000n;

  const list = () => ({ __proto__: null, length: 0 });
  const push = (/** @type {FormatList<any>} */ target, /** @type {any} */ item) => {
    target[target.length] = item;
    target.length += 1;
  };

  const join = (/** @type {FormatList<string>} */ items, /** @type {string} */ separator) => {
    let text = '';
    for (let i = 0; i < items.length; i++) text += (i === 0 ? '' : separator) + items[i];
    return text;
  };

  /** True once the walk has to end; remembers that something was left out. */
  const spent = (/** @type {FormatState} */ state) => {
    if (state.left > 0 && state.nodes < MAX_NODES) return false;
    state.stopped = true;
    return true;
  };

  const charge = (/** @type {FormatState} */ state, /** @type {string} */ text) => {
    state.left -= text.length;
    return text;
  };

  /** A name, tag or source text, shortened so that no single one can exceed the budget. */
  const clip = (/** @type {FormatState} */ state, /** @type {string} */ text) => {
    const room = min(MAX_STRING, state.left > 16 ? state.left : 16);
    return text.length > room ? `${beginning(text, room)}\u2026` : text;
  };

  const plural = (/** @type {number} */ count, /** @type {string} */ noun) =>
    `${count} ${noun}${count === 1 ? '' : 's'}`;
  const more = (/** @type {number} */ count, /** @type {string} */ noun) =>
    `... ${count} more ${noun}${count === 1 ? '' : noun === 'property' ? '' : 's'}`;

  const chooseQuote = (/** @type {string} */ text) => {
    if (indexOf(text, "'") === -1) return "'";
    if (indexOf(text, '"') === -1) return '"';
    return indexOf(text, '`') === -1 && indexOf(text, '${') === -1 ? '`' : "'";
  };

  /** @type {any} */
  const NAMED_ESCAPES = {
    __proto__: null,
    8: '\\b',
    9: '\\t',
    10: '\\n',
    12: '\\f',
    13: '\\r',
    92: '\\\\',
  };

  const hex = (/** @type {number} */ code) => (code < 16 ? '\\x0' : '\\x') + HEX_DIGITS(code);
  const HEX_DIGITS = (/** @type {number} */ code) => {
    const digit = (/** @type {number} */ n) => slice('0123456789ABCDEF', n, n + 1);
    return code < 16 ? digit(code) : digit((code - (code % 16)) / 16) + digit(code % 16);
  };

  /** The escape of the code unit at `i`, or undefined where it prints as itself. */
  const escapeAt = (
    /** @type {string} */ text,
    /** @type {number} */ i,
    /** @type {number} */ quoteCode,
  ) => {
    const code = charCodeAt(text, i);
    if (code === 92 || code < 32) return NAMED_ESCAPES[code] ?? hex(code);
    if (code === quoteCode) return `\\${slice(text, i, i + 1)}`;
    if (code >= 127 && code <= 159) return hex(code);
    if (code < 0xd800 || code > 0xdfff) return undefined;
    const other = code < 0xdc00 ? charCodeAt(text, i + 1) : charCodeAt(text, i - 1);
    const paired =
      code < 0xdc00 ? other >= 0xdc00 && other <= 0xdfff : other >= 0xd800 && other < 0xdc00;
    return paired ? undefined : `\\u${numberAsText(code, 16)}`;
  };

  const escape = (/** @type {string} */ text, /** @type {string} */ quote) => {
    const quoteCode = quote === '' ? -1 : charCodeAt(quote, 0);
    let result = '';
    let start = 0;
    for (let i = 0; i < text.length; i++) {
      const escaped = escapeAt(text, i, quoteCode);
      if (escaped === undefined) continue;
      result += slice(text, start, i) + escaped;
      start = i + 1;
    }
    return result + slice(text, start);
  };

  const quote = (/** @type {string} */ text) => {
    const mark = chooseQuote(text);
    return mark + escape(text, mark) + mark;
  };

  const quoteLines = (/** @type {string} */ text, /** @type {number} */ indent) => {
    const lines = list();
    for (let start = 0; start < text.length;) {
      const end = indexOf(text, '\n', start);
      const next = end === -1 ? text.length : end + 1;
      push(lines, quote(slice(text, start, next)));
      start = next;
    }
    return join(lines, ` +\n${repeat(' ', indent + 2)}`);
  };

  const stringText = (/** @type {FormatState} */ state, /** @type {string} */ text) => {
    const room = min(MAX_STRING, state.left > 16 ? state.left : 16);
    const shown = text.length > room ? beginning(text, room) : text;
    const left = text.length - shown.length;
    const trailer = left > 0 ? more(left, 'character') : '';
    const long = shown.length > 16 && shown.length > BREAK_LENGTH - state.indent - 4;
    return (long ? quoteLines(shown, state.indent) : quote(shown)) + trailer;
  };

  const numberText = (/** @type {number} */ value) =>
    value === 0 && 1 / value < 0 ? '-0' : `${value}`;

  const bigintText = (/** @type {bigint} */ value) =>
    value < HUGE_BIGINT && value > -HUGE_BIGINT
      ? `${bigintAsText(value)}n`
      : '<bigint too long to print>';

  const primitiveText = (/** @type {FormatState} */ state, /** @type {any} */ value) => {
    switch (typeof value) {
      case 'string':
        return stringText(state, value);
      case 'number':
        return numberText(value);
      case 'bigint':
        return bigintText(value);
      case 'symbol':
        return clip(state, symbolAsText(value));
      default:
        return `${value}`;
    }
  };

  const accessorText = (/** @type {PropertyDescriptor} */ descriptor) => {
    if (descriptor.get === undefined)
      return descriptor.set === undefined ? 'undefined' : '[Setter]';
    return descriptor.set === undefined ? '[Getter]' : '[Getter/Setter]';
  };

  const isIdentifier = (/** @type {string} */ text) => {
    for (let i = 0; i < text.length; i++) {
      const code = charCodeAt(text, i);
      const letter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
      if (!letter && (i === 0 || code < 48 || code > 57)) return false;
    }
    return text.length > 0;
  };

  const keyText = (
    /** @type {FormatState} */ state,
    /** @type {PropertyKey} */ key,
    /** @type {boolean} */ enumerable,
  ) => {
    if (typeof key === 'symbol') {
      const text = escape(clip(state, symbolAsText(key)), '');
      return enumerable ? text : `[${text}]`;
    }
    const shown = clip(state, `${key}`);
    if (key === '__proto__') return "['__proto__']";
    if (!enumerable) return `[${escape(shown, '')}]`;
    return isIdentifier(shown) ? shown : quote(shown);
  };

  return {
    __proto__: null,
    accessorText,
    BREAK_LENGTH,
    bigintText,
    charge,
    clip,
    join,
    keyText,
    list,
    MAX_ITEMS,
    more,
    numberText,
    plural,
    primitiveText,
    push,
    spent,
  };
})();
