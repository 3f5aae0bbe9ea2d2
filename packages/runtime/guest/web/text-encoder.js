'use strict';
// `TextEncoder`.
guest.textEncoder = (() => {
  const { addGlobal } = guest.globals;
  const { encode, write } = guest.utf8;
  const { requireArguments, shape, usvString } = guest.webIdl;
  const { isView, typedArrayLength, typedArrayName } = guest.webIntrinsics;
  const { TypeError } = globalThis;

  /** @type {(value: any) => boolean} */
  let isInstance;

  class TextEncoder {
    #brand = true;
    get encoding() {
      void this.#brand;
      return 'utf-8';
    }

    encode(input = '') {
      void this.#brand;
      return encode(usvString(input));
    }

    /** @param {any} source @param {any} destination */
    encodeInto(source, destination) {
      void this.#brand;
      requireArguments(arguments.length, 2, 'encodeInto');
      const text = usvString(source);
      if (!isView(destination) || typedArrayName(destination) !== 'Uint8Array') {
        throw new TypeError('encodeInto writes to a Uint8Array');
      }
      const { read, written } = write(text, destination, typedArrayLength(destination));
      return { read, written };
    }

    static {
      isInstance = (value) => #brand in value;
    }
  }

  shape(TextEncoder, 'TextEncoder', isInstance);
  addGlobal('TextEncoder', TextEncoder);
})();
