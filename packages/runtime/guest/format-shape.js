'use strict';
// For each kind of object: what stands before its braces, which braces, and which keys and elements.
guest.formatShape = (() => {
  const {
    getOwnPropertyDescriptor,
    getOwnPropertyNames,
    getOwnPropertySymbols,
    mapSize,
    objectKeys,
    setSize,
    stringValue,
    typedArrayLength,
    typedArrayName,
  } = guest.formatIntrinsics;
  const { list, push } = guest.formatText;
  const { prefixOf } = guest.formatIdentity;
  const { boxedBase, dateBase, functionBase, isBoxed, regexpBase } = guest.formatBase;
  const { errorBase, errorKeys } = guest.formatError;
  const { kindOf } = guest.formatKinds;
  const {
    arrayItems,
    bufferItems,
    isIndex,
    mapItems,
    setItems,
    typedArrayItems,
    viewItems,
    weakItems,
  } = guest.formatCollections;

  // Listing the keys of a longer array or string makes one string for each element.
  const MAX_LENGTH_FOR_KEYS = 10_000;

  const keysOf = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    skipIndices = false,
  ) => {
    const names = state.hidden ? getOwnPropertyNames(value) : objectKeys(value);
    const symbols = getOwnPropertySymbols(value);
    // Objects with a million keys are charged for the time that listing them takes.
    state.nodes += (names.length + symbols.length) / 100;
    const keys = list();
    for (let i = 0; i < names.length; i++) {
      if (!skipIndices || !isIndex(names[i])) push(keys, names[i]);
    }
    for (let i = 0; i < symbols.length; i++) {
      if (state.hidden || getOwnPropertyDescriptor(value, symbols[i])?.enumerable)
        push(keys, symbols[i]);
    }
    return keys;
  };

  const extraKeys = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {number} */ length,
  ) => (length > MAX_LENGTH_FOR_KEYS ? list() : keysOf(state, value, true));

  /** @returns {FormatShape} */
  const shapeOf = (
    /** @type {FormatList<PropertyKey>} */ keys,
    /** @type {string} */ open,
    /** @type {FormatItems | undefined} */ items,
  ) => ({
    base: '',
    open,
    close: '}',
    keys,
    items,
    isList: false,
    length: 0,
    numeric: false,
    whole: undefined,
  });

  const listShape = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {string} */ prefix,
    /** @type {number} */ length,
    /** @type {FormatItems} */ items,
  ) => {
    const keys = extraKeys(state, value, length);
    const shape = shapeOf(keys, `${prefix}[`, items);
    shape.close = ']';
    shape.isList = true;
    shape.length = length;
    shape.numeric = true;
    if (length === 0 && keys.length === 0) shape.whole = `${prefix}[]`;
    return shape;
  };

  const arrayShape = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {FormatIdentity} */ { name, tag },
  ) => {
    const { length } = value;
    const count = typeof length === 'number' && length > 0 ? length : 0;
    const prefix = name !== 'Array' || tag !== '' ? prefixOf(name, tag, 'Array', `(${count})`) : '';
    return listShape(state, value, prefix, count, arrayItems);
  };

  const typedArrayShape = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {FormatIdentity} */ { name, tag },
  ) => {
    const length = typedArrayLength(value);
    const prefix = prefixOf(name, tag, typedArrayName(value), `(${length})`);
    const shape = listShape(state, value, prefix, length, typedArrayItems);
    if (state.hidden) shape.whole = undefined;
    return shape;
  };

  const sizedShape = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {FormatIdentity} */ { brand, name, tag },
  ) => {
    const size = brand === 'Map' ? mapSize(value) : setSize(value);
    const prefix = prefixOf(name, tag, brand, `(${size})`);
    const shape = shapeOf(
      keysOf(state, value),
      `${prefix}{`,
      brand === 'Map' ? mapItems : setItems,
    );
    if (size === 0 && shape.keys.length === 0) shape.whole = `${prefix}{}`;
    return shape;
  };

  const itemShape = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {FormatIdentity} */ { brand, name, tag },
    /** @type {FormatItems | undefined} */ items,
  ) => shapeOf(keysOf(state, value), `${prefixOf(name, tag, brand)}{`, items);

  const withBase = (/** @type {string} */ base, /** @type {FormatList<PropertyKey>} */ keys) => {
    const shape = shapeOf(keys, '{', undefined);
    shape.base = base;
    if (keys.length === 0) shape.whole = base;
    return shape;
  };

  const boxedShape = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {FormatIdentity} */ identity,
  ) => {
    const isString = identity.brand === 'String';
    const keys = isString
      ? extraKeys(state, value, stringValue(value).length)
      : keysOf(state, value);
    return withBase(boxedBase(state, value, identity), keys);
  };

  const plainShape = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {FormatIdentity} */ { brand, name, tag },
  ) => {
    const keys = keysOf(state, value);
    const isPlain = name === 'Object' && tag === '';
    const prefix =
      brand === 'Arguments' ? '[Arguments] ' : isPlain ? '' : prefixOf(name, tag, 'Object');
    const shape = shapeOf(keys, `${prefix}{`, undefined);
    if (keys.length === 0) shape.whole = `${prefix}{}`;
    return shape;
  };

  /** An instance of a class that says what is shown of it; its own properties are not, as in Node. */
  const kindShape = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {FormatIdentity} */ { name },
  ) => {
    const kind = name === null ? undefined : kindOf(value);
    if (kind === undefined) return undefined;
    const shape = shapeOf(list(), `${name} {`, kind.items);
    shape.whole = kind.wholeOf?.(state, value, name ?? '');
    return shape;
  };

  const describe = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {FormatIdentity} */ identity,
  ) => {
    switch (identity.brand) {
      case 'Array':
        return arrayShape(state, value, identity);
      case 'TypedArray':
        return typedArrayShape(state, value, identity);
      case 'Map':
      case 'Set':
        return sizedShape(state, value, identity);
      case 'WeakMap':
      case 'WeakSet':
        return itemShape(state, value, identity, weakItems);
      case 'ArrayBuffer':
      case 'SharedArrayBuffer':
        return itemShape(state, value, identity, bufferItems);
      case 'DataView':
        return itemShape(state, value, identity, viewItems);
      case 'Function':
        return withBase(functionBase(state, value, identity), keysOf(state, value));
      case 'Date':
        return withBase(dateBase(value, identity), keysOf(state, value));
      case 'RegExp':
        return withBase(regexpBase(state, value, identity), keysOf(state, value));
      case 'Error':
        return withBase(
          errorBase(state, value, identity),
          errorKeys(state, value, keysOf(state, value)),
        );
      default:
        return isBoxed(identity.brand)
          ? boxedShape(state, value, identity)
          : (kindShape(state, value, identity) ?? plainShape(state, value, identity));
    }
  };

  return { __proto__: null, describe };
})();
