'use strict';
// The elements of arrays, maps, sets, buffers and views.
guest.formatCollections = (() => {
  const {
    bufferDetached,
    bufferLength,
    charCodeAt,
    getOwnPropertyDescriptor,
    hasOwn,
    indexOf,
    mapEntries,
    mapNext,
    mapSize,
    min,
    numberAsText,
    objectKeys,
    setNext,
    setSize,
    setValues,
    sharedBufferLength,
    typedArrayBuffer,
    typedArrayByteLength,
    typedArrayByteOffset,
    typedArrayLength,
    typedArrayName,
    Uint8Array,
    viewBuffer,
    viewLength,
    viewOffset,
  } = guest.formatIntrinsics;
  const { accessorText, charge, MAX_ITEMS, more, plural, primitiveText, push, spent } =
    guest.formatText;

  const HOLE_PROBES = 1000;

  const pushRest = (/** @type {FormatList<string>} */ items, /** @type {number} */ count) => {
    if (count > 0) push(items, more(count, 'item'));
  };

  /** Index of the first element after the holes that begin at `start`, at most `length`. */
  const endOfHoles = (
    /** @type {any} */ value,
    /** @type {number} */ start,
    /** @type {number} */ length,
  ) => {
    const probed = min(length, start + HOLE_PROBES);
    for (let i = start; i < probed; i++) if (hasOwn(value, i)) return i;
    if (probed === length) return length;
    // Array(1e9) has few keys; walking its indices would take minutes.
    const keys = objectKeys(value);
    for (let i = 0; i < keys.length; i++) {
      if (!isIndex(keys[i])) break;
      if (+keys[i] >= probed) return min(+keys[i], length);
    }
    return length;
  };

  const isIndex = (/** @type {PropertyKey} */ key) => {
    if (typeof key !== 'string' || key.length > 10 || key.length === 0) return false;
    for (let i = 0; i < key.length; i++) {
      const code = charCodeAt(key, i);
      if (code < 48 || code > 57) return false;
    }
    return (key === '0' || charCodeAt(key, 0) !== 48) && +key < 4_294_967_295;
  };

  const isNumeric = (/** @type {any} */ value) =>
    typeof value === 'number' || typeof value === 'bigint';

  /** @type {FormatItems} */
  const arrayItems = (state, value, shape, print, items) => {
    const { length } = shape;
    let index = 0;
    while (index < length && items.length < MAX_ITEMS && !spent(state)) {
      const descriptor = getOwnPropertyDescriptor(value, index);
      if (descriptor !== undefined) {
        const isData = hasOwn(descriptor, 'value');
        shape.numeric &&= isData && isNumeric(descriptor.value);
        const text = isData ? print(descriptor.value) : charge(state, accessorText(descriptor));
        push(items, text);
        index += 1;
      } else {
        const end = endOfHoles(value, index, length);
        push(items, charge(state, `<${plural(end - index, 'empty item')}>`));
        shape.numeric = false;
        index = end;
      }
    }
    pushRest(items, length - index);
  };

  const elementSize = (/** @type {any} */ value) => {
    const name = typedArrayName(value);
    if (indexOf(name, '8') !== -1) return 1;
    if (indexOf(name, '16') !== -1) return 2;
    return indexOf(name, '32') === -1 ? 8 : 4;
  };

  /** @type {FormatItems} */
  const typedArrayItems = (state, value, shape, _print, items) => {
    const shown = min(shape.length, MAX_ITEMS);
    let index = 0;
    for (; index < shown && !spent(state); index++)
      push(items, charge(state, primitiveText(state, value[index])));
    pushRest(items, shape.length - index);
    if (!state.hidden) return;
    const bytes = typedArrayByteLength(value);
    push(items, `[BYTES_PER_ELEMENT]: ${elementSize(value)}`);
    push(items, `[length]: ${shape.length}`);
    push(items, `[byteLength]: ${bytes}`);
    push(items, `[byteOffset]: ${typedArrayByteOffset(value)}`);
    push(items, `[buffer]: ArrayBuffer { [byteLength]: ${bytesIn(typedArrayBuffer(value))} }`);
  };

  /** @type {FormatItems} */
  const setItems = (state, value, _shape, print, items) => {
    const values = setValues(value);
    const size = setSize(value);
    let index = 0;
    for (; index < size && index < MAX_ITEMS && !spent(state); index++) {
      const step = setNext(values);
      if (step.done) break;
      push(items, print(step.value));
    }
    pushRest(items, size - index);
  };

  /** @type {FormatItems} */
  const mapItems = (state, value, _shape, print, items) => {
    const entries = mapEntries(value);
    const size = mapSize(value);
    let index = 0;
    for (; index < size && index < MAX_ITEMS && !spent(state); index++) {
      const step = mapNext(entries);
      if (step.done) break;
      const key = print(step.value[0]);
      push(items, `${key} => ${print(step.value[1])}`);
    }
    pushRest(items, size - index);
  };

  const bytesIn = (/** @type {any} */ buffer) => {
    try {
      return bufferLength(buffer);
    } catch {
      return sharedBufferLength(buffer);
    }
  };

  const isDetached = (/** @type {any} */ buffer) => {
    try {
      return bufferDetached(buffer);
    } catch {
      return false;
    }
  };

  const contentsOf = (/** @type {any} */ buffer, /** @type {number} */ length) => {
    const shown = min(length, MAX_ITEMS);
    const bytes = new Uint8Array(buffer, 0, shown);
    let text = '';
    for (let i = 0; i < shown; i++) {
      text += (i === 0 ? '' : ' ') + (bytes[i] < 16 ? '0' : '') + numberAsText(bytes[i], 16);
    }
    return `<${text}${length > shown ? ` ${more(length - shown, 'byte')}` : ''}>`;
  };

  /** @type {FormatItems} */
  const bufferItems = (state, value, _shape, _print, items) => {
    const length = bytesIn(value);
    const contents = isDetached(value)
      ? '(detached)'
      : `[Uint8Contents]: ${contentsOf(value, length)}`;
    push(items, charge(state, contents));
    push(items, charge(state, `[byteLength]: ${length}`));
  };

  /** @type {FormatItems} */
  const viewItems = (_state, value, _shape, print, items) => {
    push(items, `[byteLength]: ${viewLength(value)}`);
    push(items, `[byteOffset]: ${viewOffset(value)}`);
    push(items, `[buffer]: ${print(viewBuffer(value))}`);
  };

  /** @type {FormatItems} */
  const weakItems = (_state, _value, _shape, _print, items) => push(items, '<items unknown>');

  return {
    __proto__: null,
    arrayItems,
    bufferItems,
    isIndex,
    mapItems,
    setItems,
    typedArrayItems,
    typedArrayLength,
    viewItems,
    weakItems,
  };
})();
