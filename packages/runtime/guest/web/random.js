'use strict';
// `crypto.randomUUID` and `crypto.getRandomValues`; the worker throws the dice.
guest.random = (() => {
  const { addGlobal } = guest.globals;
  const { DOMException } = guest.domException;
  const { bufferOf } = guest.bytes;
  const { request } = guest.services;
  const { requireArguments, shape } = guest.webIdl;
  const { charCodeAt, isView, typedArrayByteLength, typedArrayByteOffset, typedArrayName } =
    guest.webIntrinsics;
  const { TypeError, Uint8Array } = globalThis;
  const quota = 65_536;
  const key = { __proto__: null };

  const fill = (/** @type {any} */ view) => {
    const name = isView(view) ? typedArrayName(view) : undefined;
    if (
      name === undefined ||
      name === 'Float16Array' ||
      name === 'Float32Array' ||
      name === 'Float64Array'
    ) {
      throw new DOMException(
        'getRandomValues takes a typed array of integers',
        'TypeMismatchError',
      );
    }
    const length = typedArrayByteLength(view);
    if (length > quota) {
      throw new DOMException(`getRandomValues fills at most ${quota} bytes`, 'QuotaExceededError');
    }
    if (length === 0) return;
    const random = /** @type {string} */ (request('random', `${length}`));
    const bytes = new Uint8Array(bufferOf(view), typedArrayByteOffset(view), length);
    for (let i = 0; i < length; i++) bytes[i] = charCodeAt(random, i);
  };

  /** @type {(value: any) => boolean} */
  let isInstance;

  class Crypto {
    #brand = true;
    constructor(/** @type {unknown} */ given) {
      if (given !== key) throw new TypeError('Illegal constructor');
    }
    randomUUID() {
      void this.#brand;
      return request('uuid', '');
    }
    /** @param {any} array */
    getRandomValues(array) {
      void this.#brand;
      requireArguments(arguments.length, 1, 'getRandomValues');
      if (!isView(array)) throw new TypeError('getRandomValues takes a typed array');
      fill(array);
      return array;
    }
    static {
      isInstance = (value) => #brand in value;
    }
  }

  shape(Crypto, 'Crypto', isInstance);
  addGlobal('crypto', new Crypto(key));
})();
