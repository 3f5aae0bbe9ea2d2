'use strict';
/**
 * What the console printer takes from the realm, captured before tenant code can change it.
 * The printer's other files destructure this object while they load and read no global later.
 */
guest.formatIntrinsics = (() => {
  const { uncurryThis } = guest.primordials;
  const { getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf, hasOwn } = Object;

  /**
   * The getter of a built-in accessor, as a function of the receiver.
   * Where this engine lacks the accessor, it throws as it would for a foreign receiver.
   */
  const getter = (/** @type {any} */ owner, /** @type {PropertyKey} */ key) => {
    const get = owner && getOwnPropertyDescriptor(owner, key)?.get;
    return get
      ? uncurryThis(get)
      : () => {
          throw new TypeError('absent');
        };
  };
  const method = (/** @type {any} */ owner, /** @type {PropertyKey} */ key) =>
    uncurryThis(owner[key]);

  const TypedArrayPrototype = getPrototypeOf(Uint8Array.prototype);
  const SharedBuffer = globalThis.SharedArrayBuffer;
  const mapIterator = getPrototypeOf(new Map().entries());
  const setIterator = getPrototypeOf(new Set().values());

  const names = new Map();
  /** @type {any} */
  const functionKinds = {
    __proto__: null,
    Function: Function.prototype,
    AsyncFunction: getPrototypeOf(async () => {}),
    GeneratorFunction: getPrototypeOf(function* () {}),
    AsyncGeneratorFunction: getPrototypeOf(async function* () {}),
  };
  for (const name in functionKinds) names.set(functionKinds[name], name);
  for (const name of getOwnPropertyNames(globalThis)) {
    const descriptor = getOwnPropertyDescriptor(globalThis, name);
    const owned = typeof descriptor?.value === 'function' && descriptor.value.prototype;
    // Iterators have names of their own; Node calls them objects.
    if (owned && !names.has(owned) && name !== 'Iterator') names.set(owned, name);
  }
  names.set(TypedArrayPrototype, 'TypedArray');
  const nameOfPrototype = uncurryThis(Map.prototype.get);

  // V8 gives every error the same native accessor; any other getter called `stack` is tenant code.
  const errorStack = getOwnPropertyDescriptor(new Error('probe'), 'stack')?.get;

  return {
    __proto__: null,
    bigintAsText: uncurryThis(BigInt.prototype.toString),
    bigintValue: uncurryThis(BigInt.prototype.valueOf),
    booleanValue: uncurryThis(Boolean.prototype.valueOf),
    bufferDetached: getter(ArrayBuffer.prototype, 'detached'),
    bufferLength: getter(ArrayBuffer.prototype, 'byteLength'),
    sharedBufferLength: getter(SharedBuffer?.prototype, 'byteLength'),
    charAt: uncurryThis(String.prototype.charAt),
    charCodeAt: uncurryThis(String.prototype.charCodeAt),
    codePointAt: uncurryThis(String.prototype.codePointAt),
    indexOf: uncurryThis(String.prototype.indexOf),
    normalize: uncurryThis(String.prototype.normalize),
    padEnd: uncurryThis(String.prototype.padEnd),
    padStart: uncurryThis(String.prototype.padStart),
    repeat: uncurryThis(String.prototype.repeat),
    slice: uncurryThis(String.prototype.slice),
    stringValue: uncurryThis(String.prototype.valueOf),
    dateIso: uncurryThis(Date.prototype.toISOString),
    dateTime: uncurryThis(Date.prototype.getTime),
    functionKinds,
    functionSource: uncurryThis(Function.prototype.toString),
    getOwnPropertyDescriptor,
    getOwnPropertyNames,
    getOwnPropertySymbols: Object.getOwnPropertySymbols,
    getPrototypeOf,
    hasOwn,
    objectKeys: Object.keys,
    objectTag: uncurryThis(Object.prototype.toString),
    prototypes: {
      __proto__: null,
      Object: Object.prototype,
      String: String.prototype,
    },
    isArray: Array.isArray,
    isError: Error.isError,
    isView: ArrayBuffer.isView,
    isNaN: Number.isNaN,
    mapEntries: uncurryThis(Map.prototype.entries),
    mapNext: method(mapIterator, 'next'),
    mapSize: getter(Map.prototype, 'size'),
    setValues: uncurryThis(Set.prototype.values),
    setNext: method(setIterator, 'next'),
    setSize: getter(Set.prototype, 'size'),
    /** The built-in name of an original prototype object, else undefined. */
    intrinsicName: (/** @type {object} */ object) => nameOfPrototype(names, object),
    errorStackGetter: errorStack,
    errorStack: errorStack && uncurryThis(errorStack),
    numberValue: uncurryThis(Number.prototype.valueOf),
    numberAsText: uncurryThis(Number.prototype.toString),
    readProperty: Reflect.get,
    regexpSource: getter(RegExp.prototype, 'source'),
    regexpFlags: [
      { __proto__: null, letter: 'd', isSet: getter(RegExp.prototype, 'hasIndices') },
      { __proto__: null, letter: 'g', isSet: getter(RegExp.prototype, 'global') },
      { __proto__: null, letter: 'i', isSet: getter(RegExp.prototype, 'ignoreCase') },
      { __proto__: null, letter: 'm', isSet: getter(RegExp.prototype, 'multiline') },
      { __proto__: null, letter: 's', isSet: getter(RegExp.prototype, 'dotAll') },
      { __proto__: null, letter: 'u', isSet: getter(RegExp.prototype, 'unicode') },
      { __proto__: null, letter: 'v', isSet: getter(RegExp.prototype, 'unicodeSets') },
      { __proto__: null, letter: 'y', isSet: getter(RegExp.prototype, 'sticky') },
    ],
    jsonStringify: JSON.stringify,
    floor: Math.floor,
    max: Math.max,
    min: Math.min,
    round: Math.round,
    sqrt: Math.sqrt,
    Number,
    parseFloat,
    parseInt,
    String,
    symbolAsText: uncurryThis(Symbol.prototype.toString),
    symbolValue: uncurryThis(Symbol.prototype.valueOf),
    toPrimitive: Symbol.toPrimitive,
    toStringTag: Symbol.toStringTag,
    typedArrayBuffer: getter(TypedArrayPrototype, 'buffer'),
    typedArrayByteLength: getter(TypedArrayPrototype, 'byteLength'),
    typedArrayByteOffset: getter(TypedArrayPrototype, 'byteOffset'),
    typedArrayLength: getter(TypedArrayPrototype, 'length'),
    typedArrayName: getter(TypedArrayPrototype, Symbol.toStringTag),
    Uint8Array,
    viewBuffer: getter(DataView.prototype, 'buffer'),
    viewLength: getter(DataView.prototype, 'byteLength'),
    viewOffset: getter(DataView.prototype, 'byteOffset'),
    weakMapHas: uncurryThis(WeakMap.prototype.has),
    weakSetHas: uncurryThis(WeakSet.prototype.has),
  };
})();
