'use strict';
// Every intrinsic that a script can come by: through the global object, and through syntax that
// makes objects of kinds without a global name.
guest.intrinsics = (() => {
  const { getPrototypeOf, getOwnPropertyDescriptor } = Object;

  const fromSyntax = () => {
    const parent = getPrototypeOf;
    const strictArguments = (function () {
      return arguments;
    })();
    const asyncGenerator = async function* () {};
    const generator = function* () {};
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

  /**
   * All objects that can be reached from `roots` by properties, accessors and prototypes. Runs no
   * getter.
   * @param {unknown[]} roots
   * @returns {Set<object>}
   */
  const reachable = (roots) => {
    const found = new Set();
    const visit = (/** @type {unknown} */ value) => {
      if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
        found.add(value);
      }
    };
    roots.forEach(visit);
    // A Set goes on to what is added while it is walked.
    for (const object of found) {
      visit(getPrototypeOf(object));
      for (const key of Reflect.ownKeys(object)) {
        const property = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(object, key));
        visit(property.value);
        visit(property.get);
        visit(property.set);
      }
    }
    return found;
  };

  return { __proto__: null, all: () => reachable([globalThis, ...fromSyntax()]) };
})();
