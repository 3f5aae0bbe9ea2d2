'use strict';
// Buffers and views for structuredClone.
guest.structuredBuffer = (() => {
  const { uncurryThis } = guest.primordials;
  const {
    bufferLength,
    bufferMaxLength,
    bufferResizable,
    typedArrayByteLength,
    typedArrayByteOffset,
    typedArrayLength,
    typedArrayName,
    typedArraySet,
    viewByteLength,
    viewByteOffset,
  } = guest.webIntrinsics;
  const { ArrayBuffer, DataView, Uint8Array } = globalThis;
  const resize = uncurryThis(ArrayBuffer.prototype.resize);
  const keysOf = uncurryThis(Uint8Array.prototype.keys);

  const constructors = /** @type {any} */ ({ __proto__: null, DataView });
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (/^(Big)?(Int|Uint|Float)\d+(Clamped)?Array$/.test(name)) {
      constructors[name] = /** @type {any} */ (globalThis)[name];
    }
  }

  /** A copy with the same bytes and the same bound. */
  const copyOf = (/** @type {any} */ source) => {
    const options = /** @type {any} */ ({ __proto__: null });
    if (bufferResizable(source)) options.maxByteLength = bufferMaxLength(source);
    const target = new ArrayBuffer(bufferLength(source), options);
    typedArraySet(new Uint8Array(target), new Uint8Array(source));
    return target;
  };

  /** Bytes in a view, or -1 when its buffer no longer reaches so far. */
  const byteLengthOf = (/** @type {any} */ view) => {
    try {
      if (typedArrayName(view) === undefined) return viewByteLength(view);
      // A typed array beyond its buffer has no bytes, but only methods say why.
      keysOf(view);
      return typedArrayByteLength(view);
    } catch {
      return -1;
    }
  };

  /**
   * Whether a view grows with its buffer. Nothing says so; the buffer is made longer or shorter by
   * an element for a moment, in which no code of the script runs.
   */
  const followsLength = (
    /** @type {any} */ view,
    /** @type {any} */ buffer,
    /** @type {number} */ step,
  ) => {
    const length = bufferLength(buffer);
    const before = byteLengthOf(view);
    if (bufferMaxLength(buffer) - length >= step) {
      resize(buffer, length + step);
      const after = byteLengthOf(view);
      resize(buffer, length);
      return after !== before;
    }
    // Empty, and never to be anything else.
    if (before < step) return false;
    const saved = new Uint8Array(step);
    typedArraySet(saved, new Uint8Array(buffer, length - step, step));
    resize(buffer, length - step);
    const after = byteLengthOf(view);
    resize(buffer, length);
    typedArraySet(new Uint8Array(buffer, length - step, step), saved);
    return after >= 0 && after !== before;
  };

  /** What a view is made of, or undefined when its buffer no longer reaches so far. */
  const viewShape = (/** @type {any} */ view, /** @type {any} */ buffer) => {
    if (byteLengthOf(view) < 0) return undefined;
    const name = typedArrayName(view);
    const step = name === undefined ? 1 : constructors[name].BYTES_PER_ELEMENT;
    const offset = name === undefined ? viewByteOffset(view) : typedArrayByteOffset(view);
    const fixed = name === undefined ? viewByteLength(view) : typedArrayLength(view);
    const follows = bufferResizable(buffer) && followsLength(view, buffer, step);
    return {
      __proto__: null,
      name: name ?? 'DataView',
      offset,
      length: follows ? undefined : fixed,
    };
  };

  const makeView = (/** @type {any} */ shape, /** @type {any} */ buffer) => {
    const View = constructors[shape.name];
    return shape.length === undefined
      ? new View(buffer, shape.offset)
      : new View(buffer, shape.offset, shape.length);
  };

  return { __proto__: null, copyOf, makeView, viewShape };
})();
