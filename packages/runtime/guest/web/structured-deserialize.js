'use strict';
/** The second half of structuredClone: objects from nodes. No code of the script runs in it. */
guest.structuredDeserialize = (() => {
  const { uncurryThis } = guest.primordials;
  const { DOMException } = guest.domException;
  const { isObject } = guest.webIdl;
  const { makeView } = guest.structuredBuffer;
  const { Date, Map, Object, RegExp, Set } = globalThis;
  const { defineProperty } = Object;
  const mapSet = uncurryThis(Map.prototype.set);
  const setAdd = uncurryThis(Set.prototype.add);
  const errors = /** @type {any} */ ({
    __proto__: null,
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
  });

  const define = (
    /** @type {any} */ target,
    /** @type {PropertyKey} */ key,
    /** @type {unknown} */ value,
    /** @type {boolean} */ enumerable,
  ) => {
    const descriptor = { __proto__: null, value, writable: true, enumerable, configurable: true };
    defineProperty(target, key, descriptor);
  };

  const makeError = (/** @type {any} */ node) => {
    const Constructor = errors[node.name];
    const error = node.message === undefined ? new Constructor() : new Constructor(node.message);
    if (node.stack !== undefined) define(error, 'stack', node.stack, false);
    return error;
  };

  const makeException = (/** @type {any} */ node) => {
    const exception = new DOMException(node.message, node.name);
    if (node.stack !== undefined) define(exception, 'stack', node.stack, false);
    return exception;
  };

  const makeArray = (/** @type {number} */ length) => {
    /** @type {unknown[]} */
    const array = [];
    array.length = length;
    return array;
  };

  /** The object without what it holds; a view comes after its buffer. */
  const make = (/** @type {any} */ node) => {
    switch (node.kind) {
      case 'Date':
        return new Date(node.slot);
      case 'Boolean':
      case 'Number':
      case 'BigInt':
      case 'String':
        return Object(node.slot);
      case 'RegExp':
        return new RegExp(node.source, node.flags);
      case 'ArrayBuffer':
        return node.buffer;
      case 'View':
        return makeView(node.shape, node.buffer.target);
      case 'Map':
        return new Map();
      case 'Set':
        return new Set();
      case 'Error':
        return makeError(node);
      case 'DOMException':
        return makeException(node);
      case 'Array':
        return makeArray(node.length);
      default:
        return {};
    }
  };

  const targetOf = (/** @type {any} */ item) => (isObject(item) ? item.target : item);

  const fill = (/** @type {any} */ node) => {
    const { items, kind, keys, target } = node;
    if (items === undefined) return;
    for (let i = 0; i < items.length; i++) {
      const item = targetOf(items[i]);
      if (kind === 'Map') mapSet(target, item, targetOf(items[++i]));
      else if (kind === 'Set') setAdd(target, item);
      else if (kind === 'Error') define(target, 'cause', item, false);
      else define(target, keys[i], item, true);
    }
  };

  /** @param {{ root: any, nodes: GuestList<any> }} graph */
  const deserialize = ({ root, nodes }) => {
    for (let i = 0; i < nodes.length; i++) nodes[i].target = make(nodes[i]);
    for (let i = 0; i < nodes.length; i++) fill(nodes[i]);
    return targetOf(root);
  };

  return { __proto__: null, deserialize };
})();
