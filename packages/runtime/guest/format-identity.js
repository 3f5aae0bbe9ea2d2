'use strict';
/** What an object truly is (its brand), and the name that stands before its braces. */
guest.formatIdentity = (() => {
  const {
    bigintValue,
    booleanValue,
    bufferLength,
    charCodeAt,
    dateTime,
    getOwnPropertyDescriptor,
    getPrototypeOf,
    hasOwn,
    intrinsicName,
    isArray,
    isError,
    isView,
    mapSize,
    numberValue,
    objectTag,
    prototypes,
    readProperty,
    regexpSource,
    setSize,
    sharedBufferLength,
    slice,
    stringValue,
    symbolValue,
    toStringTag,
    typedArrayName,
    weakMapHas,
    weakSetHas,
  } = guest.formatIntrinsics;
  const { clip, list, push } = guest.formatText;

  // A proxy can answer with a new prototype for ever.
  const MAX_CHAIN = 50;

  /** @type {any} */
  const probes = {
    __proto__: null,
    Map: mapSize,
    Set: setSize,
    Date: dateTime,
    RegExp: regexpSource,
    ArrayBuffer: bufferLength,
    SharedArrayBuffer: sharedBufferLength,
    WeakMap: weakMapHas,
    WeakSet: weakSetHas,
    Number: numberValue,
    String: stringValue,
    Boolean: booleanValue,
    Symbol: symbolValue,
    BigInt: bigintValue,
  };

  const passes = (/** @type {string} */ brand, /** @type {any} */ value) => {
    try {
      probes[brand](value);
      return true;
    } catch {
      return false;
    }
  };

  const chainOf = (/** @type {any} */ value) => {
    const chain = list();
    let object = getPrototypeOf(value);
    while (object !== null && chain.length < MAX_CHAIN) {
      push(chain, object);
      object = getPrototypeOf(object);
    }
    return chain;
  };

  /** Built-in type by its internal slots, which no tenant code can fake. */
  const brandOf = (/** @type {any} */ value, /** @type {FormatList<object>} */ chain) => {
    if (typeof value === 'function') return 'Function';
    if (isArray(value)) return 'Array';
    if (isView(value)) return typedArrayName(value) === undefined ? 'DataView' : 'TypedArray';
    if (isError ? isError(value) : objectTag(value) === '[object Error]') return 'Error';
    for (let i = 0; i < chain.length; i++) {
      const name = intrinsicName(chain[i]);
      // Objects made from Error.prototype the old way count as errors.
      if (name === 'Error') return name;
      if (name !== undefined && name in probes && passes(name, value)) return name;
    }
    if (chain.length > 0) return isArguments(value) ? 'Arguments' : 'Object';
    // Without a prototype there is no hint which probe to try first.
    for (const name in probes) {
      if (passes(name, value)) return name;
    }
    return 'Object';
  };

  const isArguments = (/** @type {any} */ value) =>
    readTag(value) === undefined && objectTag(value) === '[object Arguments]';

  const dataOf = (/** @type {any} */ object, /** @type {PropertyKey} */ key) => {
    const descriptor = getOwnPropertyDescriptor(object, key);
    return descriptor !== undefined && hasOwn(descriptor, 'value') ? descriptor.value : undefined;
  };

  /** Reads like `object[key]`, but never calls a getter that the object itself carries. */
  const readSafely = (/** @type {any} */ object, /** @type {PropertyKey} */ key) => {
    const own = getOwnPropertyDescriptor(object, key);
    if (own !== undefined) return hasOwn(own, 'value') ? own.value : undefined;
    return readProperty(object, key);
  };

  const contains = (/** @type {FormatList<object>} */ chain, /** @type {any} */ object) => {
    for (let i = 0; i < chain.length; i++) if (chain[i] === object) return true;
    return false;
  };

  /** The class name, or null for an object without prototype. */
  const nameOf = (/** @type {FormatState} */ state, /** @type {FormatList<object>} */ chain) => {
    for (let i = 0; i < chain.length; i++) {
      const known = intrinsicName(chain[i]);
      if (known !== undefined) return known;
      const constructor = dataOf(chain[i], 'constructor');
      if (typeof constructor !== 'function') continue;
      const name = dataOf(constructor, 'name');
      if (
        typeof name === 'string' &&
        name !== '' &&
        contains(chain, dataOf(constructor, 'prototype'))
      ) {
        return clip(state, name);
      }
    }
    return chain.length === 0 ? null : ancestryOf(chain.length);
  };

  const ancestryOf = (/** @type {number} */ length) => {
    let text = '[Object: null prototype] {}';
    for (let i = 0; i < length; i++)
      text = i > 3 ? 'Object <Complex prototype>' : `Object <${text}>`;
    return text;
  };

  const readTag = (/** @type {any} */ value) => {
    try {
      const tag = readSafely(value, toStringTag);
      return typeof tag === 'string' ? tag : undefined;
    } catch {
      return undefined;
    }
  };

  /** Symbol.toStringTag where it adds something to the name, else ''. */
  const tagOf = (/** @type {FormatState} */ state, /** @type {any} */ value) => {
    const tag = readTag(value);
    if (tag === undefined) return '';
    const own = getOwnPropertyDescriptor(value, toStringTag);
    // An enumerable one is printed as a property.
    if (own !== undefined && (own.enumerable || state.hidden)) return '';
    return clip(state, tag);
  };

  const isQualified = (/** @type {string} */ tag, /** @type {string} */ name) => {
    const dot = tag.length - name.length - 1;
    return dot > 0 && charCodeAt(tag, dot) === 46 && slice(tag, dot + 1) === name;
  };

  /** The words before the opening brace, with a space after them. */
  const prefixOf = (
    /** @type {string | null} */ name,
    /** @type {string} */ tag,
    /** @type {string} */ fallback,
    size = '',
  ) => {
    if (name === null) {
      const second = tag !== '' && tag !== fallback ? `[${tag}] ` : '';
      return `[${fallback}${size}: null prototype] ${second}`;
    }
    if (isQualified(tag, name)) return `${tag}${size} `;
    return tag !== '' && tag !== name ? `${name}${size} [${tag}] ` : `${name}${size} `;
  };

  const identify = (/** @type {FormatState} */ state, /** @type {any} */ value) => {
    const chain = chainOf(value);
    const brand = brandOf(value, chain);
    return { brand, chain, name: nameOf(state, chain), tag: tagOf(state, value) };
  };

  const isBuiltInHolder = (/** @type {any} */ object) =>
    object === prototypes.Object || intrinsicName(object) !== undefined;

  /** True when the tenant gave the object its own way of becoming text under `key`. */
  const definesOwn = (/** @type {any} */ value, /** @type {PropertyKey} */ key) => {
    const chain = chainOf(value);
    if (hasOwn(value, key)) return typeof dataOf(value, key) === 'function';
    for (let i = 0; i < chain.length; i++) {
      if (!hasOwn(chain[i], key)) continue;
      return !isBuiltInHolder(chain[i]) && typeof readProperty(value, key) === 'function';
    }
    return false;
  };

  return { __proto__: null, dataOf, definesOwn, identify, prefixOf, readSafely };
})();
