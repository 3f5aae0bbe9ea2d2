'use strict';
// Prints console arguments as Node would. Reads no global after its first lines.
guest.format = (() => {
  const { beginning, isHuge } = guest.primordials;
  const {
    charAt,
    charCodeAt,
    indexOf,
    isError,
    Number,
    parseFloat,
    parseInt,
    slice,
    String,
    functionSource,
    toPrimitive,
    symbolAsText,
  } = guest.formatIntrinsics;
  const { bigintText, numberText, spent } = guest.formatText;
  const { dataOf, definesOwn } = guest.formatIdentity;
  const { createState, FAILED, inspectWithin } = guest.formatInspect;
  const { overBudget, stringifyWithin } = guest.json;

  const inspectDefault = (/** @type {FormatState} */ state, /** @type {any} */ value) =>
    inspectWithin(state, value, 2, false);

  /** Takes text that is printed as it is from the budget; `state.dropped` counts what has no room. */
  const take = (/** @type {FormatState} */ state, /** @type {string} */ text) => {
    const room = state.left > 0 ? state.left : 0;
    state.left -= text.length;
    if (text.length <= room) return text;
    const shown = beginning(text, room);
    state.dropped += text.length - shown.length;
    return shown;
  };

  const objectAsString = (/** @type {FormatState} */ state, /** @type {any} */ value) => {
    if (definesOwn(value, toPrimitive) || definesOwn(value, 'toString'))
      return take(state, String(value));
    if (typeof value === 'function') return take(state, functionSource(value));
    return inspectWithin(state, value, 0, false);
  };

  const asString = (/** @type {FormatState} */ state, /** @type {any} */ value) => {
    switch (typeof value) {
      case 'number':
        return take(state, numberText(value));
      case 'bigint':
        return take(state, bigintText(value));
      case 'symbol':
        return take(state, symbolAsText(value));
      case 'object':
      case 'function':
        return value === null ? take(state, 'null') : objectAsString(state, value);
      default:
        return take(state, `${value}`);
    }
  };

  const asNumber = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {(value: any) => number} */ convert,
  ) => {
    if (typeof value === 'symbol') return take(state, 'NaN');
    if (typeof value === 'bigint') {
      const text = bigintText(value);
      return take(state, convert === parseFloat ? numberText(parseFloat(text)) : text);
    }
    return take(state, numberText(convert(value)));
  };

  const asJson = (/** @type {FormatState} */ state, /** @type {any} */ value) => {
    try {
      const text = stringifyWithin(value, state.left);
      return take(state, text === undefined ? 'undefined' : text);
    } catch (error) {
      if (error === overBudget) {
        state.stopped = true;
        return '<JSON too long>';
      }
      const isCircular =
        isError?.(error) && indexOf(`${dataOf(error, 'message')}`, 'Converting circular') === 0;
      return isCircular ? '[Circular]' : FAILED;
    }
  };

  /** The text for one conversion such as `%d`; undefined when there is no such conversion. */
  const convert = (
    /** @type {FormatState} */ state,
    /** @type {string} */ letter,
    /** @type {any} */ value,
  ) => {
    switch (letter) {
      case 's':
        return asString(state, value);
      case 'd':
        return asNumber(state, value, Number);
      case 'i':
        return asNumber(state, value, parseInt);
      case 'f':
        return asNumber(state, value, parseFloat);
      case 'j':
        return asJson(state, value);
      case 'o':
        return inspectWithin(state, value, 4, true);
      case 'O':
        return inspectDefault(state, value);
      case 'c':
        return '';
      default:
        return undefined;
    }
  };

  const convertSafely = (
    /** @type {FormatState} */ state,
    /** @type {string} */ letter,
    /** @type {any} */ value,
  ) => {
    try {
      return convert(state, letter, value);
    } catch {
      return FAILED;
    }
  };

  const CONVERSIONS = 'sdifjoOc';

  /** Fills the conversions of `template`; `state.next` is the first argument not used by one. */
  const fill = (
    /** @type {FormatState} */ state,
    /** @type {string} */ template,
    /** @type {readonly unknown[]} */ args,
  ) => {
    let text = '';
    let start = 0;
    let from = 0;
    while (state.left > 0) {
      const at = indexOf(template, '%', from);
      if (at === -1 || at + 1 >= template.length) break;
      const letter = charAt(template, at + 1);
      from = at + 1;
      if (letter === '%') {
        text += take(state, slice(template, start, at + 1));
      } else if (indexOf(CONVERSIONS, letter) !== -1 && state.next < args.length) {
        text += take(state, slice(template, start, at));
        text += convertSafely(state, letter, args[state.next]);
        state.next += 1;
      } else {
        continue;
      }
      from = at + 2;
      start = from;
    }
    return text + take(state, start === 0 ? template : slice(template, start));
  };

  /** A dot-dot-dot is three bytes, and who counts the bytes of a line would drop one that was cut. */
  const MARK_SURPLUS = 2;

  /** Cuts the line to `maxLength`, mark included. */
  const cut = (
    /** @type {FormatState} */ state,
    /** @type {string} */ text,
    /** @type {number} */ maxLength,
  ) => {
    const total = text.length + state.dropped;
    if (total <= maxLength) return text;
    const mark = (/** @type {number} */ count) =>
      state.stopped ? '\u2026' : `\u2026 (${count} more characters)`;
    let kept = maxLength - mark(total).length - MARK_SURPLUS;
    if (kept < 0) return slice('\u2026', 0, maxLength);
    if (kept > text.length) kept = text.length;
    // Half of a surrogate pair would not survive the way out.
    const last = charCodeAt(text, kept - 1);
    if (last >= 0xd800 && last < 0xdc00) kept -= 1;
    return slice(text, 0, kept) + mark(total - kept);
  };

  const firstOf = (/** @type {FormatState} */ state, /** @type {readonly unknown[]} */ args) => {
    state.next = 1;
    if (typeof args[0] !== 'string') return inspectDefault(state, args[0]);
    const isTemplate = args.length > 1 && !isHuge(args[0]);
    return isTemplate ? fill(state, args[0], args) : take(state, args[0]);
  };

  const lineOf = (/** @type {readonly unknown[]} */ args, /** @type {FormatState} */ state) => {
    let text = args.length === 0 ? '' : firstOf(state, args);
    for (let i = state.next; i < args.length && !spent(state); i++) {
      const value = args[i];
      state.left -= 1;
      text += ` ${typeof value === 'string' ? take(state, value) : inspectDefault(state, value)}`;
    }
    return text;
  };

  const formatLine = (
    /** @type {readonly unknown[]} */ args,
    /** @type {number} */ maxLength,
    /** @type {(stack: string) => string} */ cleanStack,
  ) => {
    try {
      const state = createState(maxLength, cleanStack);
      return cut(state, lineOf(args, state), maxLength);
    } catch {
      // Only when the script's stack is used up.
      return slice(FAILED, 0, maxLength);
    }
  };

  const inspect = (
    /** @type {unknown} */ value,
    /** @type {number} */ maxLength,
    /** @type {(stack: string) => string} */ cleanStack,
  ) => {
    try {
      const state = createState(maxLength, cleanStack);
      return cut(state, inspectDefault(state, value), maxLength);
    } catch {
      return slice(FAILED, 0, maxLength);
    }
  };

  return { __proto__: null, formatLine, inspect };
})();
