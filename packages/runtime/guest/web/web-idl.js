'use strict';
// Conversions and class shapes of Web IDL, the language that the standards of these globals use.
guest.webIdl = (() => {
  const { apply, toWellFormed, trunc } = guest.webIntrinsics;
  const { list, push } = guest.list;
  const { TypeError, Number } = globalThis;
  const { MAX_SAFE_INTEGER } = Number;
  const { defineProperty } = Object;
  const { ownKeys } = Reflect;
  const { iterator, toStringTag } = Symbol;

  const domString = (/** @type {any} */ value) => `${value}`;
  const usvString = (/** @type {any} */ value) => toWellFormed(`${value}`);

  const isObject = (/** @type {any} */ value) =>
    (typeof value === 'object' && value !== null) || typeof value === 'function';

  const requireArguments = (
    /** @type {number} */ given,
    /** @type {number} */ needed,
    /** @type {string} */ where,
  ) => {
    if (given < needed) {
      const noun = needed === 1 ? 'argument' : 'arguments';
      throw new TypeError(`${where} takes at least ${needed} ${noun}, but got ${given}`);
    }
  };

  const noOptions = { __proto__: null };

  /** An options bag whose members are read by name; absent, it has none. */
  const dictionary = (/** @type {any} */ value, /** @type {string} */ where) => {
    if (value === undefined || value === null) return noOptions;
    if (!isObject(value)) throw new TypeError(`${where}: the options must be an object`);
    return value;
  };

  /** Web IDL's `[EnforceRange] unsigned long long`. */
  const wholeNumber = (/** @type {any} */ value, /** @type {string} */ where) => {
    const number = trunc(Number(value));
    if (!(number >= 0 && number <= MAX_SAFE_INTEGER)) {
      throw new TypeError(`${where} takes a number from 0 to 2 ** 53 - 1`);
    }
    return number;
  };

  /** The method that makes a value a sequence, or undefined. */
  const sequenceMethod = (/** @type {any} */ value, /** @type {string} */ where) => {
    const method = value[iterator];
    if (method === undefined || method === null) return undefined;
    if (typeof method !== 'function') throw new TypeError(`${where}: Symbol.iterator is no method`);
    return method;
  };

  /**
   * Visits what a script's own iterable yields. The script's code runs here, for as long as it likes.
   * @param {any} iterable
   * @param {Function} method its `Symbol.iterator`
   * @param {(item: any) => void} visit
   */
  const eachItem = (iterable, method, visit) => {
    /** @type {any} */
    const items = apply(method, iterable, []);
    if (!isObject(items)) throw new TypeError('the result of Symbol.iterator is no object');
    const { next } = items;
    for (;;) {
      /** @type {any} */
      const step = apply(next, items, []);
      if (!isObject(step)) throw new TypeError('an iterator result is no object');
      if (step.done) return;
      visit(step.value);
    }
  };

  /** What an interface's sequence argument holds, as a list. */
  const sequence = (/** @type {any} */ value, /** @type {string} */ where) => {
    const method = isObject(value) ? sequenceMethod(value, where) : undefined;
    if (method === undefined) throw new TypeError(`${where} takes an iterable object`);
    const items = list();
    eachItem(value, method, (item) => push(items, item));
    return items;
  };

  const makeEnumerable = (/** @type {any} */ owner, /** @type {string[]} */ except) => {
    for (const key of ownKeys(owner)) {
      if (typeof key === 'symbol' || except.includes(key)) continue;
      defineProperty(owner, key, { enumerable: true });
    }
  };

  const tag = (/** @type {object} */ prototype, /** @type {string} */ name) => {
    defineProperty(prototype, toStringTag, { value: name, configurable: true });
  };

  const platform = list();

  /**
   * Gives a class the shape of an interface: members enumerable, a tag.
   * @param {any} Class
   * @param {string} name
   * @param {(value: any) => boolean} isInstance its brand
   */
  const shape = (Class, name, isInstance) => {
    makeEnumerable(Class, ['length', 'name', 'prototype']);
    makeEnumerable(Class.prototype, ['constructor']);
    tag(Class.prototype, name);
    push(platform, isInstance);
  };

  /** Constants of an interface stand on the class and on its prototype. */
  const constants = (/** @type {any} */ Class, /** @type {any} */ values) => {
    for (const name in values) {
      const descriptor = { __proto__: null, value: values[name], enumerable: true };
      defineProperty(Class, name, descriptor);
      defineProperty(Class.prototype, name, descriptor);
    }
  };

  /** Whether an object is an instance of one of the classes made here. */
  const isPlatformObject = (/** @type {object} */ value) => {
    for (let i = 0; i < platform.length; i++) if (platform[i](value)) return true;
    return false;
  };

  return {
    __proto__: null,
    constants,
    dictionary,
    domString,
    eachItem,
    isObject,
    isPlatformObject,
    requireArguments,
    sequence,
    sequenceMethod,
    shape,
    tag,
    usvString,
    wholeNumber,
  };
})();
