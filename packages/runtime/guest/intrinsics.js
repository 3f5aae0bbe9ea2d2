'use strict';
// Every intrinsic that a script can come by: through the global object, and through syntax that
// makes objects of kinds without a global name.
guest.intrinsics = (() => {
  const { getPrototypeOf, getOwnPropertyDescriptor, getOwnPropertyNames } = Object;
  const { ownKeys } = Reflect;
  const { parse, stringify } = JSON;

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

  // How an object was come by, from one that was found before: as its prototype, as the value of a
  // property, as the getter or the setter of one.
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
   * way there. Runs no getter.
   * @param {object[]} roots
   */
  const explore = (roots) => {
    const objects = [...roots];
    const known = new Set(roots);
    /** @type {(number | string)[]} */
    const steps = [];
    for (let at = 0; at < objects.length; at++) {
      const object = /** @type {object} */ (objects[at]);
      const add = (
        /** @type {any} */ value,
        /** @type {number} */ via,
        /** @type {string | symbol} */ key,
      ) => {
        if (!isObject(value) || known.has(value)) return;
        known.add(value);
        objects.push(value);
        steps.push(at, via, nameOf(key));
      };
      add(getPrototypeOf(object), viaPrototype, '');
      for (const key of ownKeys(object)) {
        const property = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(object, key));
        add(property.value, viaValue, key);
        add(property.get, viaGetter, key);
        add(property.set, viaSetter, key);
      }
    }
    return { objects, plan: stringify(steps) };
  };

  /**
   * The same objects by the ways that were found in another realm of the same V8, which spares the
   * look at every property.
   * @param {object[]} roots @param {string} plan
   */
  const follow = (roots, plan) => {
    const objects = [...roots];
    const steps = parse(plan);
    for (let i = 0; i < steps.length; i += 3) {
      const from = /** @type {any} */ (objects[steps[i]]);
      const via = steps[i + 1];
      const key = symbols[steps[i + 2]] ?? steps[i + 2];
      let value;
      if (via === viaPrototype) value = getPrototypeOf(from);
      else if (via === viaValue) value = from[key];
      else {
        const property = getOwnPropertyDescriptor(from, key);
        value = via === viaGetter ? property?.get : property?.set;
      }
      if (!isObject(value)) throw new TypeError('this realm is not like the one of the plan');
      objects.push(value);
    }
    return { objects, plan };
  };

  /** @param {object[]} more roots beside the global object @param {string} plan of before, or empty */
  const all = (more, plan) => {
    const roots = /** @type {object[]} */ ([globalThis, ...fromSyntax(), ...more].filter(isObject));
    return plan === '' ? explore(roots) : follow(roots, plan);
  };
  return { __proto__: null, all };
})();
