'use strict';
// The pairs that URLSearchParams is made of, when it is made of an object.
guest.searchPairs = (() => {
  const { list, push } = guest.list;
  const { eachItem, sequence, sequenceMethod, usvString } = guest.webIdl;
  const { uncurryThis } = guest.primordials;
  const { Map, TypeError } = globalThis;
  const { ownKeys } = Reflect;
  const { getOwnPropertyDescriptor } = Object;
  const mapGet = uncurryThis(Map.prototype.get);
  const mapSet = uncurryThis(Map.prototype.set);
  const where = 'URLSearchParams';

  const fromSequence = (/** @type {any} */ init, /** @type {Function} */ method) => {
    const pairs = list();
    eachItem(init, method, (item) => {
      const pair = sequence(item, where);
      // Both are converted before the number is looked at, as Web IDL does.
      for (let i = 0; i < pair.length; i++) pair[i] = usvString(pair[i]);
      if (pair.length !== 2) throw new TypeError(`${where}: each item must be a name and a value`);
      push(pairs, { __proto__: null, name: pair[0], value: pair[1] });
    });
    return pairs;
  };

  const fromRecord = (/** @type {any} */ init) => {
    const pairs = list();
    const seen = new Map();
    const keys = ownKeys(init);
    for (let i = 0; i < keys.length; i++) {
      const key = /** @type {PropertyKey} */ (keys[i]);
      if (!getOwnPropertyDescriptor(init, key)?.enumerable) continue;
      const name = usvString(key);
      const value = usvString(init[key]);
      // Names that differ only in what they have in place of U+FFFD fall together.
      const known = mapGet(seen, name);
      if (known !== undefined) {
        known.value = value;
        continue;
      }
      const pair = { __proto__: null, name, value };
      mapSet(seen, name, pair);
      push(pairs, pair);
    }
    return pairs;
  };

  /** @param {any} init an object: a sequence of pairs, or a record */
  const pairsOf = (init) => {
    const method = sequenceMethod(init, where);
    return method === undefined ? fromRecord(init) : fromSequence(init, method);
  };

  return { __proto__: null, pairsOf };
})();
