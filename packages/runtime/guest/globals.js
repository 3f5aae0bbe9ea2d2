'use strict';
// Takes away what loads code, reaches out or shares memory (design, section 6).
guest.globals = (() => {
  const { defineProperty, getPrototypeOf } = Object;
  const { deleteProperty } = Reflect;
  const { TypeError } = globalThis;
  const global = globalThis;

  const absent = ['eval', 'WebAssembly', 'SharedArrayBuffer', 'Atomics'];

  /** A stand-in for a function constructor: `instanceof` works, making code from text does not. */
  const deadConstructor = (/** @type {string} */ name, /** @type {object} */ prototype) => {
    const dead = function () {
      throw new TypeError(`${name}: making code from strings is not available to scripts`);
    };
    defineProperty(dead, 'name', { value: name });
    defineProperty(dead, 'length', { value: 1 });
    defineProperty(dead, 'prototype', { value: prototype, writable: false });
    return dead;
  };

  const retireFunctionConstructors = () => {
    const plain = Function.prototype;
    const others = {
      AsyncFunction: getPrototypeOf(async () => {}),
      GeneratorFunction: getPrototypeOf(function* () {}),
      AsyncGeneratorFunction: getPrototypeOf(async function* () {}),
    };
    const deadFunction = deadConstructor('Function', plain);
    defineProperty(plain, 'constructor', { value: deadFunction });
    defineProperty(global, 'Function', { value: deadFunction });
    for (const name in others) {
      const prototype = others[/** @type {keyof typeof others} */ (name)];
      const dead = deadConstructor(name, prototype);
      Object.setPrototypeOf(dead, deadFunction);
      defineProperty(prototype, 'constructor', { value: dead });
    }
  };

  /**
   * A registry whose callbacks never come, as the language allows: they would run in the time of
   * whichever run the garbage collector happens to work in.
   */
  const quietFinalizationRegistry = () => {
    const Original = FinalizationRegistry;
    const { construct } = Reflect;
    const nothing = () => {};
    const Quiet = function (/** @type {unknown} */ cleanup) {
      if (new.target === undefined)
        throw new TypeError("Constructor FinalizationRegistry requires 'new'");
      if (typeof cleanup !== 'function') {
        throw new TypeError('FinalizationRegistry: cleanup must be callable');
      }
      return construct(Original, [nothing], new.target);
    };
    defineProperty(Quiet, 'name', { value: 'FinalizationRegistry' });
    defineProperty(Quiet, 'prototype', { value: Original.prototype, writable: false });
    defineProperty(Original.prototype, 'constructor', { value: Quiet });
    defineProperty(global, 'FinalizationRegistry', { value: Quiet });
  };

  retireFunctionConstructors();
  quietFinalizationRegistry();
  for (let i = 0; i < absent.length; i++) deleteProperty(global, /** @type {string} */ (absent[i]));

  /** Makes a global as the language's own are: not enumerable, replaceable. */
  const addGlobal = (/** @type {string} */ name, /** @type {unknown} */ value) => {
    defineProperty(global, name, { value, writable: true, enumerable: false, configurable: true });
  };
  return { __proto__: null, addGlobal };
})();
