'use strict';
// The first guest file. Methods become plain functions, so that nothing a script does to a
// prototype later changes what the guest does.
guest.primordials = (() => {
  const { bind, call } = Function.prototype;
  /** `uncurryThis(f)(self, ...args)` is `f.call(self, ...args)`, whatever became of `call`. */
  const uncurryThis = bind.bind(call);

  const { setPrototypeOf } = Object;
  const { deleteProperty } = Reflect;
  /**
   * Lets the instances of a class inherit nothing, so that what a script puts on Object.prototype
   * is not found in them. V8 keeps literals with `__proto__: null` as hash tables, which are several
   * times as large and as slow as these.
   * @template {Function} Class @param {Class} Class
   */
  const bare = (Class) => {
    deleteProperty(Class.prototype, 'constructor');
    // Not frozen: writes to an array that inherits from a frozen object are slow.
    setPrototypeOf(Class.prototype, null);
    return Class;
  };

  const slice = uncurryThis(String.prototype.slice);
  // A string that was put together is made one piece when somebody looks into it, whatever that takes.
  const MAX_WHOLE = 16 * 1024 * 1024;
  /** Whether a text is too long to look into it. */
  const isHuge = (/** @type {string} */ text) => text.length > MAX_WHOLE;
  /** The beginning of a text; nothing of one that is too long to look into it. */
  const beginning = (/** @type {string} */ text, /** @type {number} */ length) =>
    isHuge(text) ? '' : slice(text, 0, length);
  return { __proto__: null, bare, beginning, isHuge, uncurryThis };
})();
