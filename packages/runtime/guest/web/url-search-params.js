'use strict';
// `URLSearchParams`, on its own or as the live `searchParams` of a URL.
guest.urlSearchParams = (() => {
  const { addGlobal } = guest.globals;
  const { parse, serialize } = guest.formUrlencoded;
  const { showPairs } = guest.formatKinds;
  const { list, push, retain, sorted } = guest.list;
  const { isObject, requireArguments, shape, usvString } = guest.webIdl;
  const { pairsOf } = guest.searchPairs;
  const { makeIterator } = guest.searchIterator;
  const { apply, arrayFrom, charCodeAt, slice } = guest.webIntrinsics;
  const { Array, TypeError } = globalThis;
  const questionMark = 63;

  const fromText = (/** @type {string} */ text) =>
    parse(charCodeAt(text, 0) === questionMark ? slice(text, 1) : text);

  const valuesOf = (/** @type {GuestList<SearchPair>} */ pairs, /** @type {string} */ name) => {
    const values = list();
    for (let i = 0; i < pairs.length; i++) {
      if (pairs[i]?.name === name) push(values, pairs[i]?.value);
    }
    return arrayFrom(Array, values);
  };

  /** @type {SearchParamsInternals} */
  let internals;

  class URLSearchParams {
    /** @type {GuestList<SearchPair>} */
    #pairs;
    /** Tells the URL that these are the parameters of. @type {((query: string) => void) | undefined} */
    #changed = undefined;

    /** @param {any} init */
    constructor(init = '') {
      this.#pairs = isObject(init) ? pairsOf(init) : fromText(usvString(init));
    }

    #update() {
      if (this.#changed !== undefined) this.#changed(serialize(this.#pairs));
    }

    get size() {
      return this.#pairs.length;
    }

    /** @param {any} name @param {any} value */
    append(name, value) {
      const pairs = this.#pairs;
      requireArguments(arguments.length, 2, 'append');
      push(pairs, { __proto__: null, name: usvString(name), value: usvString(value) });
      this.#update();
    }

    /** @param {any} name @param {any} [value] */
    delete(name, value = undefined) {
      const pairs = this.#pairs;
      requireArguments(arguments.length, 1, 'delete');
      const key = usvString(name);
      const wanted = value === undefined ? undefined : usvString(value);
      retain(pairs, (pair) => pair.name !== key || (wanted !== undefined && pair.value !== wanted));
      this.#update();
    }

    /** @param {any} name */
    get(name) {
      const pairs = this.#pairs;
      requireArguments(arguments.length, 1, 'get');
      const key = usvString(name);
      for (let i = 0; i < pairs.length; i++) if (pairs[i]?.name === key) return pairs[i]?.value;
      return null;
    }

    /** @param {any} name */
    getAll(name) {
      const pairs = this.#pairs;
      requireArguments(arguments.length, 1, 'getAll');
      return valuesOf(pairs, usvString(name));
    }

    /** @param {any} name @param {any} [value] */
    has(name, value = undefined) {
      const pairs = this.#pairs;
      requireArguments(arguments.length, 1, 'has');
      const key = usvString(name);
      const wanted = value === undefined ? undefined : usvString(value);
      for (let i = 0; i < pairs.length; i++) {
        const pair = /** @type {SearchPair} */ (pairs[i]);
        if (pair.name === key && (wanted === undefined || pair.value === wanted)) return true;
      }
      return false;
    }

    /** @param {any} name @param {any} value */
    set(name, value) {
      const pairs = this.#pairs;
      requireArguments(arguments.length, 2, 'set');
      const key = usvString(name);
      const text = usvString(value);
      let found = false;
      retain(pairs, (pair) => {
        if (pair.name !== key) return true;
        if (found) return false;
        found = true;
        pair.value = text;
        return true;
      });
      if (!found) push(pairs, { __proto__: null, name: key, value: text });
      this.#update();
    }

    sort() {
      this.#pairs = sorted(this.#pairs, (a, b) => a.name < b.name);
      this.#update();
    }

    /** @param {any} callback @param {any} [thisArg] */
    forEach(callback, thisArg = undefined) {
      void this.#pairs;
      requireArguments(arguments.length, 1, 'forEach');
      if (typeof callback !== 'function') throw new TypeError('forEach takes a function');
      for (let i = 0; i < this.#pairs.length; i++) {
        const { name, value } = /** @type {SearchPair} */ (this.#pairs[i]);
        apply(callback, thisArg, [value, name, this]);
      }
    }

    entries() {
      void this.#pairs;
      return makeIterator((index) => this.#pairs[index], 'entries');
    }
    keys() {
      void this.#pairs;
      return makeIterator((index) => this.#pairs[index], 'keys');
    }
    values() {
      void this.#pairs;
      return makeIterator((index) => this.#pairs[index], 'values');
    }

    toString() {
      return serialize(this.#pairs);
    }

    static {
      internals = {
        isInstance: (value) => #pairs in value,
        pairsOf: (params) => params.#pairs,
        /** Parameters that say so whenever a script changes them. */
        ofUrl: (query, changed) => {
          const params = new URLSearchParams();
          params.#pairs = fromText(query);
          params.#changed = changed;
          return params;
        },
        replace: (params, query) => {
          params.#pairs = fromText(query);
        },
      };
    }
  }

  shape(URLSearchParams, 'URLSearchParams', internals.isInstance);
  showPairs(internals.isInstance, internals.pairsOf);
  Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, {
    value: URLSearchParams.prototype.entries,
    writable: true,
    configurable: true,
  });
  addGlobal('URLSearchParams', URLSearchParams);
  return { __proto__: null, ofUrl: internals.ofUrl, replace: internals.replace };
})();
