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
  return { __proto__: null, bare, uncurryThis };
})();
