'use strict';
// Errors print as their stack; the stack's first line is mended where the class says more.
guest.formatError = (() => {
  const {
    errorStack,
    errorStackGetter,
    getOwnPropertyDescriptor,
    hasOwn,
    indexOf,
    isArray,
    repeat,
    slice,
    String,
  } = guest.formatIntrinsics;
  const { clip, list, push } = guest.formatText;
  const { dataOf, prefixOf, readSafely } = guest.formatIdentity;

  /** A property as text; undefined for objects, and where reading it throws. */
  const readText = (/** @type {any} */ error, /** @type {string} */ key) => {
    try {
      const value = readSafely(error, key);
      if (value === undefined || value === null || typeof value === 'object') return undefined;
      return typeof value === 'function' ? undefined : String(value);
    } catch {
      return undefined;
    }
  };

  const nativeStack = (/** @type {any} */ error) => {
    const descriptor = getOwnPropertyDescriptor(error, 'stack');
    if (descriptor === undefined || errorStackGetter === undefined) return dataOf(error, 'stack');
    if (hasOwn(descriptor, 'value')) return descriptor.value;
    return descriptor.get === errorStackGetter ? errorStack(error) : undefined;
  };

  const summaryOf = (/** @type {any} */ error) => {
    const name = readText(error, 'name') ?? 'Error';
    const message = readText(error, 'message') ?? '';
    if (name === '' || message === '') return name + message;
    return `${name}: ${message}`;
  };

  const stackOf = (/** @type {FormatState} */ state, /** @type {any} */ error) => {
    let stack;
    try {
      stack = nativeStack(error);
    } catch {
      stack = undefined;
    }
    if (typeof stack !== 'string' || stack === '') return clip(state, summaryOf(error));
    const cleaned = state.cleanStack(clip(state, stack));
    return typeof cleaned === 'string' ? cleaned : '';
  };

  const endsWith = (/** @type {string} */ text, /** @type {string} */ end) =>
    text.length >= end.length && slice(text, text.length - end.length) === end;

  const startsAsName = (/** @type {string} */ stack, /** @type {string} */ name) => {
    if (slice(stack, 0, name.length) !== name) return false;
    const next = slice(stack, name.length, name.length + 1);
    return next === '' || next === ':' || next === '\n';
  };

  /** Puts the class where the stack begins with the name of a base class. */
  const mendName = (
    /** @type {string} */ stack,
    /** @type {string} */ errorName,
    /** @type {FormatIdentity} */ { name, tag },
  ) => {
    if (!startsAsName(stack, errorName) || (name !== null && !endsWith(errorName, 'Error')))
      return stack;
    const prefix = slice(prefixOf(name, tag, name === null ? errorName : 'Error'), 0, -1);
    if (prefix === errorName) return stack;
    const rest = slice(stack, errorName.length);
    return indexOf(prefix, errorName) === -1 ? `${prefix} [${errorName}]${rest}` : prefix + rest;
  };

  const indentLines = (/** @type {string} */ text, /** @type {number} */ indent) => {
    if (indent === 0) return text;
    const pad = repeat(' ', indent);
    let result = '';
    let start = 0;
    for (;;) {
      const end = indexOf(text, '\n', start);
      if (end === -1) return result + slice(text, start);
      result += slice(text, start, end + 1) + pad;
      start = end + 1;
    }
  };

  const errorBase = (
    /** @type {FormatState} */ state,
    /** @type {any} */ error,
    /** @type {FormatIdentity} */ identity,
  ) => {
    const errorName = readText(error, 'name') ?? 'Error';
    const message = readText(error, 'message') ?? '';
    const stack = mendName(stackOf(state, error), errorName, identity);
    const at = message === '' ? -1 : indexOf(stack, message);
    const hasFrames = indexOf(stack, '\n    at', at === -1 ? 0 : at + message.length) !== -1;
    return indentLines(hasFrames ? stack : `[${stack}]`, state.indent);
  };

  const repeatsStack = (
    /** @type {any} */ error,
    /** @type {PropertyKey} */ key,
    /** @type {string} */ stack,
  ) => {
    if (key !== 'name' && key !== 'message' && key !== 'stack') return false;
    const value = readSafely(error, key);
    return typeof value !== 'string' || indexOf(stack, value) !== -1;
  };

  /** The keys to print after the stack: none that it shows already, but `cause` and `errors` always. */
  const errorKeys = (
    /** @type {FormatState} */ state,
    /** @type {any} */ error,
    /** @type {FormatList<any>} */ keys,
  ) => {
    if (state.hidden) return keys;
    const stack = keys.length === 0 ? '' : stackOf(state, error);
    const kept = list();
    let hasCause = false;
    let hasErrors = false;
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === 'cause') hasCause = true;
      if (keys[i] === 'errors') hasErrors = true;
      if (!repeatsStack(error, keys[i], stack)) push(kept, keys[i]);
    }
    if (!hasCause && hasOwn(error, 'cause')) push(kept, 'cause');
    if (!hasErrors && isArray(dataOf(error, 'errors'))) push(kept, 'errors');
    return kept;
  };

  return { __proto__: null, errorBase, errorKeys };
})();
