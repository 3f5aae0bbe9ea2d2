'use strict';
// The override mistake: a frozen property of a prototype cannot be assigned to on an object that
// inherits it, so `error.name = 'X'` would throw. An accessor in its place lets the assignment
// define an own property, as it would if nothing were frozen.
guest.overrides = (() => {
  const { defineProperty, getOwnPropertyDescriptor, hasOwn } = Object;
  const { TypeError } = globalThis;
  const { getOwnPropertyNames, getPrototypeOf } = Object;

  const errors = [
    Error,
    AggregateError,
    EvalError,
    RangeError,
    ReferenceError,
    SuppressedError,
    SyntaxError,
    TypeError,
    URIError,
  ];
  const collections = [Map, Set, WeakMap, WeakSet, Date, DataView];
  const boxes = [Number, Boolean, Symbol, BigInt, String];
  const typedArray = getPrototypeOf(Int8Array);

  /**
   * Whose properties scripts assign to on objects of their own, and which of them stay data. V8
   * gives up fast paths when `constructor` of arrays, typed arrays and promises, `then`, or anything
   * named by a symbol becomes an accessor (design, section 11).
   * @returns {readonly (readonly [object, readonly string[]])[]}
   */
  const holders = () => [
    [Object.prototype, []],
    [Function.prototype, []],
    [Array.prototype, ['constructor']],
    [typedArray.prototype, ['constructor']],
    [Promise.prototype, ['constructor', 'then']],
    ...[...errors, ...collections, ...boxes].map(
      (constructor) => /** @type {const} */ ([constructor.prototype, []]),
    ),
  ];

  const cure = (/** @type {object} */ holder, /** @type {string} */ name) => {
    const original = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(holder, name));
    // Accessors and what is read-only in the language itself stay.
    if (!('value' in original) || !original.writable || !original.configurable) return;
    const { value } = original;
    const get = () => value;
    /** @this {any} @param {unknown} replacement */
    const set = function (replacement) {
      if (this === holder || this === undefined || this === null) {
        throw new TypeError(`Cannot assign to read only property '${name}'`);
      }
      if (hasOwn(this, name)) {
        this[name] = replacement;
        return;
      }
      defineProperty(this, name, {
        value: replacement,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    };
    // The language has data properties here; their functions keep that name.
    defineProperty(get, 'name', { value: `get ${name}` });
    defineProperty(set, 'name', { value: `set ${name}` });
    const enumerable = original.enumerable === true;
    defineProperty(holder, name, { get, set, enumerable, configurable: true });
  };

  const allow = () => {
    for (const [holder, keptAsData] of holders()) {
      for (const name of getOwnPropertyNames(holder)) {
        if (!keptAsData.includes(name)) cure(holder, name);
      }
    }
  };

  return { __proto__: null, allow };
})();
