'use strict';
// The override mistake: a frozen property of a prototype cannot be assigned to on an object that
// inherits it, so `error.name = 'X'` would throw. An accessor in its place lets the assignment
// define an own property, as it would if nothing were frozen.
guest.overrides = (() => {
  const { defineProperties, defineProperty, getOwnPropertyDescriptor, hasOwn } = Object;
  const { TypeError } = globalThis;
  const { getOwnPropertyNames, getPrototypeOf } = Object;
  // Not looked up while it is being made an accessor.
  const push = guest.primordials.uncurryThis(Array.prototype.push);

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

  /** The accessors that go in the place of one property; none where it is no writable data. */
  const accessorsFor = (/** @type {object} */ holder, /** @type {string} */ name) => {
    const original = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(holder, name));
    // Accessors and what is read-only in the language itself stay.
    if (!('value' in original) || !original.writable || !original.configurable) return undefined;
    const { value } = original;
    // An arrow and a method: they have no `prototype` that would have to be frozen, too.
    return {
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
  };

  /** @returns {object[]} the accessors, and what stands behind them */
  const allow = () => {
    /** @type {object[]} */
    const covered = [];
    for (const [holder, names] of cured()) {
      /** @type {PropertyDescriptorMap} */
      const accessors = Object.create(null);
      for (const name of names) {
        const pair = accessorsFor(holder, name);
        if (pair === undefined) continue;
        accessors[name] = pair;
        push(covered, pair.get, pair.set);
        const value = pair.get();
        if (typeof value === 'function') push(covered, value);
      }
      // All at once: between two changes V8 would make the prototype fast again, and that takes
      // more than the change.
      defineProperties(holder, accessors);
    }
    return covered;
  };

  return { __proto__: null, allow };
})();
