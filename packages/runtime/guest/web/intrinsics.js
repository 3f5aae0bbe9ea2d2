'use strict';
// What the web globals take from the realm, captured before a script can change it.
guest.webIntrinsics = (() => {
  const { uncurryThis } = guest.primordials;
  const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
  const TypedArrayPrototype = getPrototypeOf(Uint8Array.prototype);

  const getter = (/** @type {any} */ owner, /** @type {PropertyKey} */ key) =>
    uncurryThis(/** @type {any} */ (getOwnPropertyDescriptor(owner, key)).get);

  return {
    __proto__: null,
    apply: Reflect.apply,
    arrayFrom: uncurryThis(Array.from),
    bufferDetached: getter(ArrayBuffer.prototype, 'detached'),
    bufferLength: getter(ArrayBuffer.prototype, 'byteLength'),
    bufferMaxLength: getter(ArrayBuffer.prototype, 'maxByteLength'),
    bufferResizable: getter(ArrayBuffer.prototype, 'resizable'),
    bufferTransfer: uncurryThis(ArrayBuffer.prototype.transfer),
    charCodeAt: uncurryThis(String.prototype.charCodeAt),
    fromCharCode: String.fromCharCode,
    getter,
    indexOf: uncurryThis(String.prototype.indexOf),
    isView: ArrayBuffer.isView,
    slice: uncurryThis(String.prototype.slice),
    toLowerCase: uncurryThis(String.prototype.toLowerCase),
    toWellFormed: uncurryThis(String.prototype.toWellFormed),
    trunc: Math.trunc,
    typedArrayBuffer: getter(TypedArrayPrototype, 'buffer'),
    typedArrayByteLength: getter(TypedArrayPrototype, 'byteLength'),
    typedArrayByteOffset: getter(TypedArrayPrototype, 'byteOffset'),
    typedArrayLength: getter(TypedArrayPrototype, 'length'),
    typedArrayName: getter(TypedArrayPrototype, Symbol.toStringTag),
    typedArraySet: uncurryThis(TypedArrayPrototype.set),
    viewBuffer: getter(DataView.prototype, 'buffer'),
    viewByteLength: getter(DataView.prototype, 'byteLength'),
    viewByteOffset: getter(DataView.prototype, 'byteOffset'),
  };
})();
