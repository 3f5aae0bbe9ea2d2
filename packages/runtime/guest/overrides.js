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
  const collections = [Map, Set];
  const boxes = [Number, Boolean, Symbol, BigInt, Date];
  /** What is assigned to on a boxed primitive or a date, if anything. */
  const conversions = [
    'constructor',
    'toString',
    'valueOf',
    'toLocaleString',
    'toISOString',
    'toJSON',
  ];
  const typedArray = getPrototypeOf(Int8Array);

  const except = (/** @type {object} */ holder, /** @type {readonly string[]} */ kept) =>
    getOwnPropertyNames(holder).filter((name) => !kept.includes(name));

  /**
   * Whose properties scripts assign to on objects of their own, by name. What is not here stays
   * data: V8 gives up fast paths when `constructor` of arrays, typed arrays and promises, `then`, what
   * converts a string object, or anything named by a symbol becomes an accessor (design, section 11;
   * `npm run bench -- compute`).
   * @returns {readonly (readonly [object, readonly string[]])[]}
   */
  const cured = () => [
    [Array.prototype, except(Array.prototype, ['constructor'])],
    [typedArray.prototype, except(typedArray.prototype, ['constructor'])],
    [Promise.prototype, except(Promise.prototype, ['constructor', 'then'])],
    ...[Object, Function, ...errors, ...collections].map(
      ({ prototype }) => /** @type {const} */ ([prototype, except(prototype, [])]),
    ),
    ...boxes.map(
      ({ prototype }) =>
        /** @type {const} */ ([prototype, conversions.filter((name) => hasOwn(prototype, name))]),
    ),
  ];

  const cure = (/** @type {object} */ holder, /** @type {string} */ name) => {
    const original = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(holder, name));
    // Accessors and what is read-only in the language itself stay.
    if (!('value' in original) || !original.writable || !original.configurable) return undefined;
    const { value } = original;
    // An arrow and a method: they have no `prototype` that would have to be frozen, too.
    const accessors = {
      get: () => value,
      /** @this {any} @param {unknown} replacement */
      set(replacement) {
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
      },
      enumerable: original.enumerable === true,
      configurable: true,
    };
    defineProperty(holder, name, accessors);
    return value;
  };

  /** @returns {object[]} what stands behind the accessors */
  const allow = () => {
    /** @type {object[]} */
    const covered = [];
    for (const [holder, names] of cured()) {
      for (const name of names) {
        const value = cure(holder, name);
        if (typeof value === 'function') covered.push(value);
      }
    }
    return covered;
  };

  return { __proto__: null, allow };
})();
