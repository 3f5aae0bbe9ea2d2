'use strict';
// What kind of object structuredClone has before it.
guest.structuredBrand = (() => {
  const { uncurryThis } = guest.primordials;
  const { isPlatformObject } = guest.webIdl;
  const { isDOMException } = guest.domException;
  const { bufferLength, getter, isView } = guest.webIntrinsics;
  const { getOwnPropertyNames, getPrototypeOf } = Object;
  const { isArray } = Array;
  const { isError } = /** @type {any} */ (Error);
  const { Map } = globalThis;
  const mapGet = uncurryThis(Map.prototype.get);
  const longestChain = 100;

  /** Throws unless its argument has the internal slot. @type {any} */
  const probes = {
    __proto__: null,
    Boolean: uncurryThis(Boolean.prototype.valueOf),
    Number: uncurryThis(Number.prototype.valueOf),
    BigInt: uncurryThis(BigInt.prototype.valueOf),
    String: uncurryThis(String.prototype.valueOf),
    Date: uncurryThis(Date.prototype.getTime),
    RegExp: getter(RegExp.prototype, 'dotAll'),
    ArrayBuffer: bufferLength,
    Map: getter(Map.prototype, 'size'),
    Set: getter(Set.prototype, 'size'),
  };

  // By prototype: the kind to probe for first, or `refused` for what no clone can be made of.
  const kinds = new Map();
  const refuse = (/** @type {any} */ prototype) => {
    if (prototype && !kinds.has(prototype)) kinds.set(prototype, 'refused');
  };

  const refuseNamespace = (/** @type {any} */ namespace) => {
    if (!namespace) return;
    for (const name of getOwnPropertyNames(namespace)) refuse(namespace[name]?.prototype);
  };

  const boot = () => {
    kinds.set(Object.prototype, 'plain');
    for (const name in probes) kinds.set(/** @type {any} */ (globalThis)[name].prototype, name);
    const names = ['Symbol', 'Promise', 'WeakMap', 'WeakSet', 'WeakRef', 'FinalizationRegistry'];
    for (const name of [...names, 'DisposableStack', 'AsyncDisposableStack']) {
      refuse(/** @type {any} */ (globalThis)[name]?.prototype);
    }
    refuseNamespace(globalThis.Intl);
    refuseNamespace(/** @type {any} */ (globalThis).Temporal);
    const iterators = [[].values(), new Map().keys(), new Set().keys(), ''[Symbol.iterator]()];
    for (const iterator of iterators) refuse(getPrototypeOf(iterator));
    refuse(getPrototypeOf('a'.matchAll(/a/g)));
    refuse(getPrototypeOf([].values().map((item) => item)));
    refuse(getPrototypeOf(function* () {}.prototype));
    refuse(getPrototypeOf(async function* () {}.prototype));
  };
  boot();

  const passes = (/** @type {string} */ kind, /** @type {object} */ value) => {
    try {
      probes[kind](value);
      return true;
    } catch {
      return false;
    }
  };

  /** By the nearest prototype of ours, and the slot that goes with it. */
  const byPrototype = (/** @type {object} */ value) => {
    let prototype = getPrototypeOf(value);
    for (let i = 0; prototype !== null && i < longestChain; i++) {
      const kind = mapGet(kinds, prototype);
      if (kind === 'plain' || kind === 'refused') return kind;
      if (kind !== undefined && passes(kind, value)) return kind;
      prototype = getPrototypeOf(prototype);
    }
    return 'plain';
  };

  /** @param {any} value an object or a function @returns {string} */
  const brandOf = (value) => {
    if (typeof value === 'function') return 'refused';
    if (isArray(value)) return 'Array';
    if (isView(value)) return 'View';
    if (isError(value)) return isDOMException(value) ? 'DOMException' : 'Error';
    const kind = byPrototype(value);
    return kind === 'plain' && isPlatformObject(value) ? 'refused' : kind;
  };

  return {
    __proto__: null,
    brandOf,
    /** The primitive in a wrapper object, or the time of a date. */
    slotOf: (/** @type {string} */ kind, /** @type {object} */ value) => probes[kind](value),
  };
})();
