'use strict';
/**
 * The first half of structuredClone: reads a graph, whose getters and proxies are the script's code,
 * into nodes of ours. Without recursion, so that depth is bounded by memory alone.
 */
guest.structuredSerialize = (() => {
  const { uncurryThis } = guest.primordials;
  const { DOMException } = guest.domException;
  const { bufferOf } = guest.bytes;
  const { list, push } = guest.list;
  const { brandOf, slotOf } = guest.structuredBrand;
  const { copyOf, viewShape } = guest.structuredBuffer;
  const { causeOf, contentsOf, errorOf, exceptionOf, patternOf } = guest.structuredRead;
  const { bufferDetached } = guest.webIntrinsics;
  const { Map } = globalThis;
  const { hasOwn, keys: keysOf } = Object;
  const mapGet = uncurryThis(Map.prototype.get);
  const mapSet = uncurryThis(Map.prototype.set);
  const refuse = (/** @type {string} */ what) => {
    throw new DOMException(`${what} could not be cloned`, 'DataCloneError');
  };

  /** A node, remembered as what `value` becomes. @returns {CloneNode} */
  const addNode = (
    /** @type {CloneState} */ state,
    /** @type {object} */ value,
    /** @type {any} */ node,
  ) => {
    mapSet(state.memory, value, node);
    push(state.nodes, node);
    return node;
  };

  /** Puts the children of a node on the stack of what is still to be read. */
  const later = (/** @type {CloneState} */ state, /** @type {any} */ frame) => {
    frame.index = 0;
    frame.below = state.top;
    state.top = frame;
  };

  const addBuffer = (/** @type {CloneState} */ state, /** @type {any} */ value) => {
    if (bufferDetached(value)) return refuse('a detached ArrayBuffer');
    return addNode(state, value, { __proto__: null, kind: 'ArrayBuffer', buffer: copyOf(value) });
  };

  const addView = (/** @type {CloneState} */ state, /** @type {any} */ value) => {
    const source = bufferOf(value);
    const buffer = mapGet(state.memory, source) ?? addBuffer(state, source);
    if (bufferDetached(source)) return refuse('a view of a detached ArrayBuffer');
    const shape = viewShape(value, source) ?? refuse('a view beyond the end of its ArrayBuffer');
    return addNode(state, value, { __proto__: null, kind: 'View', shape, buffer });
  };

  /** An object whose contents are known already. */
  const addHolder = (
    /** @type {CloneState} */ state,
    /** @type {object} */ value,
    /** @type {any} */ node,
    /** @type {GuestList<any>} */ raw,
  ) => {
    later(state, { __proto__: null, node, raw, count: raw.length });
    return addNode(state, value, node);
  };

  const addObject = (
    /** @type {CloneState} */ state,
    /** @type {any} */ value,
    /** @type {string} */ kind,
  ) => {
    const length = kind === 'Array' ? value.length : 0;
    const node = addNode(state, value, {
      __proto__: null,
      kind,
      length,
      keys: list(),
      items: list(),
    });
    const keys = keysOf(value);
    later(state, { __proto__: null, node, source: value, keys, count: keys.length });
    return node;
  };

  /** @param {CloneState} state @param {any} value an object or a function */
  const encodeObject = (state, value) => {
    const kind = brandOf(value);
    switch (kind) {
      case 'refused':
        return refuse(typeof value === 'function' ? 'a function' : 'an object of this kind');
      case 'Date':
      case 'Boolean':
      case 'Number':
      case 'BigInt':
      case 'String':
        return addNode(state, value, { __proto__: null, kind, slot: slotOf(kind, value) });
      case 'RegExp':
        return addNode(state, value, patternOf(value));
      case 'ArrayBuffer':
        return addBuffer(state, value);
      case 'View':
        return addView(state, value);
      case 'Map':
      case 'Set':
        return addHolder(
          state,
          value,
          { __proto__: null, kind, items: list() },
          contentsOf(value, kind),
        );
      case 'Error':
        return addHolder(state, value, errorOf(value), causeOf(value));
      case 'DOMException':
        return addNode(state, value, exceptionOf(value));
      default:
        return addObject(state, value, kind);
    }
  };

  /** A primitive as it is; the node of an object. */
  const encode = (/** @type {CloneState} */ state, /** @type {any} */ value) => {
    if (typeof value === 'symbol') return refuse('a symbol');
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return value;
    return mapGet(state.memory, value) ?? encodeObject(state, value);
  };

  const readNext = (/** @type {CloneState} */ state, /** @type {any} */ frame) => {
    const index = frame.index++;
    const { node, keys, source } = frame;
    if (keys === undefined) {
      push(node.items, encode(state, frame.raw[index]));
      return;
    }
    const key = keys[index];
    // A getter may have taken it away.
    if (!hasOwn(source, key)) return;
    const item = encode(state, source[key]);
    push(node.keys, key);
    push(node.items, item);
  };

  /** @returns {CloneState} */
  const newState = () =>
    /** @type {any} */ ({ __proto__: null, memory: new Map(), nodes: list(), top: undefined });

  /**
   * Reads the whole graph.
   * @param {any} value
   * @param {GuestList<any>} transferred buffers that are to move, not to be copied
   */
  const serialize = (value, transferred) => {
    const state = newState();
    for (let i = 0; i < transferred.length; i++) {
      addNode(state, transferred[i], { __proto__: null, kind: 'ArrayBuffer', buffer: undefined });
    }
    const root = encode(state, value);
    while (state.top !== undefined) {
      const frame = state.top;
      if (frame.index < frame.count) readNext(state, frame);
      else state.top = frame.below;
    }
    return { __proto__: null, root, nodes: state.nodes };
  };

  return { __proto__: null, refuse, serialize };
})();
