'use strict';
// The first guest file. Methods become plain functions, so that nothing a script does to a
// prototype later changes what the guest does.
guest.primordials = (() => {
  const { bind, call } = Function.prototype;
  /** `uncurryThis(f)(self, ...args)` is `f.call(self, ...args)`, whatever became of `call`. */
  const uncurryThis = bind.bind(call);
  return { __proto__: null, uncurryThis };
})();
