'use strict';
// The override mistake: a frozen property of a prototype cannot be assigned to on an object that
// inherits it, so `error.name = 'X'` would throw. An accessor in its place lets the assignment
// define an own property, as it would if nothing were frozen.
guest.overrides = (() => {
  const { defineProperty, getOwnPropertyDescriptor, hasOwn } = Object;
  const { TypeError } = globalThis;
  const { getOwnPropertyNames } = Object;

  /**
   * Whose properties scripts assign to on objects of their own. Not cured, because V8 gives up its
   * fast paths when they become accessors (design, section 11): `Array.prototype.constructor`,
   * everything named by a symbol, `Promise.prototype.then` and `constructor`.
   */
  const holders = () => [
    Object.prototype,
    Function.prototype,
    Error.prototype,
    AggregateError.prototype,
    EvalError.prototype,
    RangeError.prototype,
    ReferenceError.prototype,
    SyntaxError.prototype,
    SuppressedError.prototype,
    TypeError.prototype,
    URIError.prototype,
    Array.prototype,
    Date.prototype,
  ];
  const keptAsData = (/** @type {object} */ holder, /** @type {string} */ name) =>
    holder === Array.prototype && name === 'constructor';

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
    for (const holder of holders()) {
      for (const name of getOwnPropertyNames(holder)) {
        if (!keptAsData(holder, name)) cure(holder, name);
      }
    }
  };

  return { __proto__: null, allow };
})();
