'use strict';
// Every intrinsic that a script can come by: through the global object, and through syntax that
// makes objects of kinds without a global name.
guest.intrinsics = (() => {
  const { uncurryThis } = guest.primordials;
  const { getPrototypeOf, getOwnPropertyDescriptor, getOwnPropertyNames } = Object;
  const { get, ownKeys } = Reflect;
  const { parse, stringify } = JSON;
  // Not to be looked up any more: guest/overrides.js makes accessors of them.
  const { __lookupGetter__: lookupGetter, __lookupSetter__: lookupSetter } = /** @type {any} */ (
    Object.prototype
  );
  const bind = uncurryThis(Function.prototype.bind);
  const includes = uncurryThis(Array.prototype.includes);
  const map = /** @type {(array: any[], method: Function, self?: object) => any[]} */ (
    uncurryThis(Array.prototype.map)
  );
  const push = uncurryThis(Array.prototype.push);

  const fromSyntax = () => {
    const parent = getPrototypeOf;
    const strictArguments = (function () {
      return arguments;
    })();
    const asyncGenerator = async function* () {};
    const generator = function* () {};
    const stack = getOwnPropertyDescriptor(new Error('any'), 'stack');
    const global = /** @type {any} */ (globalThis);
    const found = [
      parent(async () => {}),
      parent(generator),
      parent(asyncGenerator),
      parent(generator.prototype),
      parent(asyncGenerator.prototype),
      parent(parent(asyncGenerator.prototype)),
      parent([][Symbol.iterator]()),
      parent(new Map()[Symbol.iterator]()),
      parent(new Set()[Symbol.iterator]()),
      parent(''[Symbol.iterator]()),
      parent(''.matchAll(/a/g)),
      parent(Int8Array),
      // %ThrowTypeError%
      getOwnPropertyDescriptor(strictArguments, 'callee')?.get,
      // V8's accessors of `stack`: every error has them as its own, and all errors share them.
      stack?.get,
      stack?.set,
      // Of our own making, and without a name.
      parent(new global.URLSearchParams().entries()),
    ];
    if (typeof Iterator === 'function') {
      found.push(parent([].values().map((item) => item)));
      found.push(parent(Iterator.from({ next: () => ({ done: true, value: undefined }) })));
    }
    if (typeof Intl === 'object' && typeof Intl.Segmenter === 'function') {
      const segments = new Intl.Segmenter('en').segment('');
      found.push(parent(segments), parent(segments[Symbol.iterator]()));
    }
    return found;
  };

  const isObject = (/** @type {unknown} */ value) =>
    (typeof value === 'object' && value !== null) || typeof value === 'function';

  // How objects were come by, from one that was found before: as its prototype, as the values of
  // properties, as the getters or the setters of some.
  const viaPrototype = 0;
  const viaValue = 1;
  const viaGetter = 2;
  const viaSetter = 3;

  /** Well-known symbols by name: a plan is text. @type {Record<string, symbol>} */
  const symbols = Object.create(null);
  for (const name of getOwnPropertyNames(Symbol)) {
    const value = /** @type {any} */ (Symbol)[name];
    if (typeof value === 'symbol') symbols[`@@${name}`] = value;
  }
  const nameOf = (/** @type {string | symbol} */ key) => {
    if (typeof key === 'string') return key;
    for (const name in symbols) if (symbols[name] === key) return name;
    throw new TypeError('an intrinsic has a symbol that is not well known');
  };

  /**
   * All objects that can be reached from `roots` by properties, accessors and prototypes, and the
   * way there: for each object and each way, the keys under which it held new ones. Runs no getter.
   * @param {object[]} roots
   */
  const explore = (roots) => {
    const objects = [...roots];
    const known = new Set(roots);
    /** @type {[from: number, via: number, names: string[], areSymbols: boolean][]} */
    const plan = [];
    for (let at = 0; at < objects.length; at++) {
      const object = /** @type {object} */ (objects[at]);
      /** @type {[via: number, key: string | symbol, value: any][]} */
      const held = [[viaPrototype, '', getPrototypeOf(object)]];
      for (const key of ownKeys(object)) {
        const property = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(object, key));
        held.push([viaValue, key, property.value]);
        held.push([viaGetter, key, property.get], [viaSetter, key, property.set]);
      }
      const goOn = (/** @type {number} */ way, /** @type {boolean} */ areSymbols) => {
        /** @type {string[]} */
        const names = [];
        for (const [via, key, value] of held) {
          if (via !== way || (typeof key === 'symbol') !== areSymbols) continue;
          if (!isObject(value) || known.has(value)) continue;
          known.add(value);
          objects.push(value);
          names.push(nameOf(key));
        }
        if (names.length > 0) plan.push([at, way, names, areSymbols]);
      };
      for (const way of [viaPrototype, viaValue, viaGetter, viaSetter]) {
        goOn(way, false);
        goOn(way, true);
      }
    }
    return { objects, plan: stringify(plan) };
  };

  /** What is found in an object under some keys, one way. @returns {any[]} */
  const foundIn = (
    /** @type {any} */ object,
    /** @type {number} */ via,
    /** @type {(string | symbol)[]} */ keys,
  ) => {
    if (via === viaPrototype) return [getPrototypeOf(object)];
    if (via === viaValue) return map(keys, bind(get, undefined, object));
    return map(keys, via === viaGetter ? lookupGetter : lookupSetter, object);
  };

  /**
   * The same objects by the ways that were found in another realm of the same V8, which spares the
   * look at every property. Only the language's own functions are called for each object: functions
   * of ours V8 would begin to optimize, and what that takes stays in the VM, though none of them is
   * ever called again.
   * @param {object[]} roots @param {string} plan
   */
  const follow = (roots, plan) => {
    const objects = [...roots];
    const ways = parse(plan);
    for (let i = 0; i < ways.length; i++) {
      const [from, via, names, areSymbols] = ways[i];
      const keys = areSymbols ? map(names, (/** @type {string} */ name) => symbols[name]) : names;
      const found = foundIn(objects[from], via, keys);
      if (includes(found, undefined)) {
        throw new TypeError('this realm is not like the one of the plan');
      }
      push(objects, ...found);
    }
    return { objects, plan };
  };

  /** @param {object[]} more roots beside the global object @param {string} plan of before, or empty */
  const all = (more, plan) => {
    const roots = [globalThis, .../** @type {object[]} */ (fromSyntax().filter(isObject)), ...more];
    return plan === '' ? explore(roots) : follow(roots, plan);
  };
  return { __proto__: null, all };
})();
