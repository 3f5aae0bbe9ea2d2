'use strict';
// The bytes of what Web IDL calls a buffer source.
guest.bytes = (() => {
  const {
    bufferDetached,
    bufferLength,
    isView,
    typedArrayBuffer,
    typedArrayByteLength,
    typedArrayByteOffset,
    typedArrayName,
    viewBuffer,
    viewByteLength,
    viewByteOffset,
  } = guest.webIntrinsics;
  const { TypeError, Uint8Array } = globalThis;

  const isBuffer = (/** @type {any} */ value) => {
    try {
      bufferLength(value);
      return true;
    } catch {
      return false;
    }
  };

  /** @param {any} view @returns {any} */
  const bufferOf = (view) =>
    typedArrayName(view) === undefined ? viewBuffer(view) : typedArrayBuffer(view);

  /** Where a view's bytes are; nothing when its buffer no longer reaches so far. */
  const rangeOf = (/** @type {any} */ view) => {
    if (typedArrayName(view) !== undefined) {
      return {
        __proto__: null,
        offset: typedArrayByteOffset(view),
        length: typedArrayByteLength(view),
      };
    }
    try {
      return { __proto__: null, offset: viewByteOffset(view), length: viewByteLength(view) };
    } catch {
      return { __proto__: null, offset: 0, length: 0 };
    }
  };

  /** A view of the bytes of a buffer or view, as they are now; a detached one has none. */
  const bytesOf = (/** @type {any} */ source, /** @type {string} */ where) => {
    if (isView(source)) {
      const buffer = bufferOf(source);
      if (bufferDetached(buffer)) return new Uint8Array(0);
      const { offset, length } = rangeOf(source);
      return new Uint8Array(buffer, offset, length);
    }
    if (!isBuffer(source)) throw new TypeError(`${where} takes an ArrayBuffer or a view of one`);
    return bufferDetached(source) ? new Uint8Array(0) : new Uint8Array(source);
  };

  return { __proto__: null, bufferOf, bytesOf, isBuffer };
})();
