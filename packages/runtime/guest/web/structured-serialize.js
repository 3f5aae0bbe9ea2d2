'use strict';
/**
 * The first half of structuredClone: reads a graph, whose getters and proxies are the script's code,
 * into nodes of ours and the links between them. Without recursion, so that depth is bounded by
 * memory alone.
 */
guest.structuredSerialize = (() => {
  const { bare, uncurryThis } = guest.primordials;
  const { DOMException } = guest.domException;
  const { bufferOf } = guest.bytes;
  const { list, push } = guest.list;
  const { brandOf, slotOf } = guest.structuredBrand;
  const { copyOf, viewShape } = guest.structuredBuffer;
  const { addCause, addContents, errorOf, exceptionOf, patternOf } = guest.structuredRead;
  const { bufferDetached } = guest.webIntrinsics;
  const { Map } = globalThis;
  const { hasOwn, keys: keysOf } = Object;
  const mapGet = uncurryThis(Map.prototype.get);
  const mapSet = uncurryThis(Map.prototype.set);
  const refuse = (/** @type {string} */ what) => {
    throw new DOMException(`${what} could not be cloned`, 'DataCloneError');
  };

  /** What becomes of one object. `content` is what it is made of, by kind, without what it holds. */
  const Node = bare(
    class {
      constructor(/** @type {string} */ kind, /** @type {any} */ content) {
        this.kind = kind;
        this.content = content;
        /** @type {any} */
        this.target = undefined;
      }
    },
  );

  /** An object whose contents are being read: what stands in `pending` from its begin on. */
  const Frame = bare(
    class {
      constructor(
        /** @type {CloneNode} */ node,
        /** @type {any} */ source,
        /** @type {number} */ begin,
        /** @type {number} */ end,
        /** @type {any} */ below,
      ) {
        this.node = node;
        /** Whose properties the keys in `pending` are; undefined where it holds the values. */
        this.source = source;
        this.begin = begin;
        this.index = begin;
        this.end = end;
        /** The key of a map whose value comes next. @type {any} */
        this.key = undefined;
        this.below = below;
      }
    },
  );

  const State = bare(
    class {
      /** What each object becomes. */
      memory = new Map();
      nodes = list();
      /** Node, key and item, again and again: what each node is to hold, in this order. */
      links = list();
      /** Keys and values still to be read; those of the topmost frame come last. */
      pending = list();
      /** @type {any} */
      top = undefined;
    },
  );

  /** A node, remembered as what `value` becomes. @returns {CloneNode} */
  const addNode = (
    /** @type {CloneState} */ state,
    /** @type {object} */ value,
    /** @type {string} */ kind,
    /** @type {any} */ content,
  ) => {
    const node = new Node(kind, content);
    mapSet(state.memory, value, node);
    push(state.nodes, node);
    return node;
  };

  /** Reads later what was added to `pending` since `begin`. */
  const later = (
    /** @type {CloneState} */ state,
    /** @type {CloneNode} */ node,
    /** @type {any} */ source,
    /** @type {number} */ begin,
  ) => {
    const end = state.pending.length;
    if (end > begin) state.top = new Frame(node, source, begin, end, state.top);
  };

  const addBuffer = (/** @type {CloneState} */ state, /** @type {any} */ value) => {
    if (bufferDetached(value)) return refuse('a detached ArrayBuffer');
    return addNode(state, value, 'ArrayBuffer', copyOf(value));
  };

  const addView = (/** @type {CloneState} */ state, /** @type {any} */ value) => {
    const source = bufferOf(value);
    const buffer = mapGet(state.memory, source) ?? addBuffer(state, source);
    if (bufferDetached(source)) return refuse('a view of a detached ArrayBuffer');
    const shape = viewShape(value, source) ?? refuse('a view beyond the end of its ArrayBuffer');
    return addNode(state, value, 'View', { __proto__: null, shape, buffer });
  };

  const addCollection = (
    /** @type {CloneState} */ state,
    /** @type {any} */ value,
    /** @type {string} */ kind,
  ) => {
    const begin = state.pending.length;
    addContents(state.pending, value, kind);
    const node = addNode(state, value, kind, undefined);
    later(state, node, undefined, begin);
    return node;
  };

  const addError = (/** @type {CloneState} */ state, /** @type {any} */ value) => {
    const parts = errorOf(value);
    const begin = state.pending.length;
    addCause(state.pending, value);
    const node = addNode(state, value, 'Error', parts);
    later(state, node, undefined, begin);
    return node;
  };

  const addObject = (
    /** @type {CloneState} */ state,
    /** @type {any} */ value,
    /** @type {string} */ kind,
  ) => {
    const node = addNode(state, value, kind, kind === 'Array' ? value.length : 0);
    const keys = keysOf(value);
    const begin = state.pending.length;
    for (let i = 0; i < keys.length; i++) push(state.pending, keys[i]);
    later(state, node, value, begin);
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
        return addNode(state, value, kind, slotOf(kind, value));
      case 'RegExp':
        return addNode(state, value, kind, patternOf(value));
      case 'ArrayBuffer':
        return addBuffer(state, value);
      case 'View':
        return addView(state, value);
      case 'Map':
      case 'Set':
        return addCollection(state, value, kind);
      case 'Error':
        return addError(state, value);
      case 'DOMException':
        return addNode(state, value, kind, exceptionOf(value));
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

  const addLink = (
    /** @type {CloneState} */ state,
    /** @type {CloneNode} */ node,
    /** @type {any} */ key,
    /** @type {any} */ item,
  ) => {
    push(state.links, node);
    push(state.links, key);
    push(state.links, item);
  };

  const readProperty = (/** @type {CloneState} */ state, /** @type {any} */ frame) => {
    const { node, source } = frame;
    const key = state.pending[frame.index++];
    // A getter may have taken it away.
    if (hasOwn(source, key)) addLink(state, node, key, encode(state, source[key]));
  };

  const readHeld = (/** @type {CloneState} */ state, /** @type {any} */ frame) => {
    const { begin, node } = frame;
    const index = frame.index++;
    const item = encode(state, state.pending[index]);
    if (node.kind !== 'Map') addLink(state, node, 'cause', item);
    else if ((index - begin) % 2 === 0) frame.key = item;
    else addLink(state, node, frame.key, item);
  };

  const readAll = (/** @type {CloneState} */ state) => {
    while (state.top !== undefined) {
      const frame = state.top;
      if (frame.index === frame.end) {
        state.pending.length = frame.begin;
        state.top = frame.below;
      } else if (frame.source === undefined) readHeld(state, frame);
      else readProperty(state, frame);
    }
  };

  /**
   * Reads the whole graph.
   * @param {any} value
   * @param {GuestList<any>} transferred buffers that are to move, not to be copied; their nodes are
   *   the first, and have no content yet
   * @returns {CloneGraph}
   */
  const serialize = (value, transferred) => {
    const state = /** @type {CloneState} */ (new State());
    for (let i = 0; i < transferred.length; i++) {
      addNode(state, transferred[i], 'ArrayBuffer', undefined);
    }
    const root = encode(state, value);
    readAll(state);
    return /** @type {any} */ ({ __proto__: null, root, nodes: state.nodes, links: state.links });
  };

  return { __proto__: null, refuse, serialize };
})();
