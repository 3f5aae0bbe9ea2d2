'use strict';
// What `entries`, `keys` and `values` of URLSearchParams give: it sees changes as they are made.
guest.searchIterator = (() => {
  const { tag } = guest.webIdl;
  const { defineProperty, getPrototypeOf, setPrototypeOf } = Object;
  const { deleteProperty } = Reflect;

  class SearchIterator {
    #pairAt;
    #kind;
    #index = 0;

    /**
     * @param {(index: number) => SearchPair | undefined} pairAt
     * @param {'entries' | 'keys' | 'values'} kind
     */
    constructor(pairAt, kind) {
      this.#pairAt = pairAt;
      this.#kind = kind;
    }

    next() {
      const pair = this.#pairAt(this.#index);
      if (pair === undefined) {
        // Ended once, it stays so, whatever is added later.
        this.#pairAt = () => undefined;
        return { value: undefined, done: true };
      }
      this.#index++;
      const { name, value } = pair;
      if (this.#kind === 'keys') return { value: name, done: false };
      if (this.#kind === 'values') return { value, done: false };
      return { value: [name, value], done: false };
    }
  }

  const { prototype } = SearchIterator;
  deleteProperty(prototype, 'constructor');
  defineProperty(prototype, 'next', { enumerable: true });
  tag(prototype, 'URLSearchParams Iterator');
  setPrototypeOf(prototype, getPrototypeOf(getPrototypeOf([].values())));

  return {
    __proto__: null,
    makeIterator: (
      /** @type {(index: number) => SearchPair | undefined} */ pairAt,
      /** @type {'entries' | 'keys' | 'values'} */ kind,
    ) => new SearchIterator(pairAt, kind),
  };
})();
