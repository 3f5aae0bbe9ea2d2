'use strict';
// `Array.fromAsync` makes a promise, and a script comes to it without a word for that: by way of the
// constructor of a list, and by a name that it puts together. So its use is noted.
guest.fromAsync = (() => {
  const { apply } = Reflect;
  const { fromAsync } = /** @type {any} */ (Array);
  let used = false;

  const { noted } = {
    /** @param {unknown[]} _items @this {unknown} */
    noted(..._items) {
      used = true;
      return apply(fromAsync, this, arguments);
    },
  };
  Object.defineProperty(noted, 'name', { value: 'fromAsync' });
  Object.defineProperty(noted, 'length', { value: 1 });
  if (guest.settings.realm === 'hardened') {
    Object.defineProperty(Array, 'fromAsync', { value: noted });
  }

  return {
    __proto__: null,
    isUsed: () => used,
    clear() {
      used = false;
    },
  };
})();
