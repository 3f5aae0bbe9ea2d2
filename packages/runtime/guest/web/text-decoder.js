'use strict';
// `TextDecoder`.
guest.textDecoder = (() => {
  const { addGlobal } = guest.globals;
  const { showFields } = guest.formatKinds;
  const { bytesOf } = guest.bytes;
  const { close, open } = guest.codeUnits;
  const { encodingFor } = guest.encodingLabels;
  const { dictionary, shape } = guest.webIdl;
  const { typedArrayLength } = guest.webIntrinsics;
  const { TypeError } = globalThis;
  const { utf8, utf16, windows1252 } = guest;

  const codecs = /** @type {any} */ ({
    __proto__: null,
    'utf-8': utf8,
    'utf-16le': { ...utf16, decoder: (/** @type {boolean} */ keep) => utf16.decoder(keep, false) },
    'utf-16be': { ...utf16, decoder: (/** @type {boolean} */ keep) => utf16.decoder(keep, true) },
    'windows-1252': windows1252,
  });

  /** @type {(value: any) => boolean} */
  let isInstance;

  class TextDecoder {
    #encoding;
    #fatal;
    #ignoreBOM;
    /** What a stream left unfinished; undefined between streams. @type {any} */
    #state = undefined;

    constructor(label = 'utf-8', options = {}) {
      this.#encoding = encodingFor(label);
      const given = dictionary(options, 'TextDecoder');
      this.#fatal = !!given.fatal;
      this.#ignoreBOM = !!given.ignoreBOM;
    }

    get encoding() {
      return this.#encoding;
    }
    get fatal() {
      return this.#fatal;
    }
    get ignoreBOM() {
      return this.#ignoreBOM;
    }

    /** @param {any} input @param {any} options */
    decode(input = undefined, options = undefined) {
      const codec = codecs[this.#encoding];
      const stream = !!dictionary(options, 'decode').stream;
      const bytes = input === undefined ? undefined : bytesOf(input, 'decode');
      const length = bytes === undefined ? 0 : typedArrayLength(bytes);
      const state = this.#state ?? codec.decoder(this.#ignoreBOM);
      this.#state = undefined;
      const output = open(length + 2);
      const valid =
        codec.feed(state, output, bytes, length, this.#fatal) &&
        (stream || codec.finish(state, output, this.#fatal));
      if (!valid) throw new TypeError(`the data is not valid ${this.#encoding}`);
      if (stream) this.#state = state;
      return close(output);
    }

    static {
      isInstance = (value) => #encoding in value;
      showFields(isInstance, (decoder) => ({
        __proto__: null,
        encoding: decoder.#encoding,
        fatal: decoder.#fatal,
        ignoreBOM: decoder.#ignoreBOM,
      }));
    }
  }

  shape(TextDecoder, 'TextDecoder', isInstance);
  addGlobal('TextDecoder', TextDecoder);
})();
