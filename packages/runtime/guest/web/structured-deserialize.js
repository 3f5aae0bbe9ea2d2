'use strict';
/** The second half of structuredClone: objects from nodes. No code of the script runs in it. */
guest.structuredDeserialize = (() => {
  const { bare, uncurryThis } = guest.primordials;
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

  const Descriptor = bare(
    class {
      /** @type {any} */
      value = undefined;
      writable = true;
      enumerable = true;
      configurable = true;
    },
  );
  // One for all: nothing but the language reads it, and it does so at once.
  const descriptor = new Descriptor();

  const define = (
    /** @type {any} */ target,
    /** @type {PropertyKey} */ key,
    /** @type {unknown} */ value,
    /** @type {boolean} */ enumerable,
  ) => {
    descriptor.value = value;
    descriptor.enumerable = enumerable;
    defineProperty(target, key, descriptor);
    descriptor.value = undefined;
  };

  const makeError = (/** @type {any} */ { name, message, stack }) => {
    const Constructor = errors[name];
    const error = message === undefined ? new Constructor() : new Constructor(message);
    if (stack !== undefined) define(error, 'stack', stack, false);
    return error;
  };

  const makeException = (/** @type {any} */ { name, message, stack }) => {
    const exception = new DOMException(message, name);
    if (stack !== undefined) define(exception, 'stack', stack, false);
    return exception;
  };

  const makeArray = (/** @type {number} */ length) => {
    /** @type {unknown[]} */
    const array = [];
    array.length = length;
    return array;
  };

  /** The object without what it holds; a view comes after its buffer. */
  const make = (/** @type {CloneNode} */ { kind, content }) => {
    switch (kind) {
      case 'Date':
        return new Date(content);
      case 'Boolean':
      case 'Number':
      case 'BigInt':
      case 'String':
        return Object(content);
      case 'RegExp':
        return new RegExp(content.source, content.flags);
      case 'ArrayBuffer':
        return content;
      case 'View':
        return makeView(content.shape, content.buffer.target);
      case 'Map':
        return new Map();
      case 'Set':
        return new Set();
      case 'Error':
        return makeError(content);
      case 'DOMException':
        return makeException(content);
      case 'Array':
        return makeArray(content);
      default:
        return {};
    }
  };

  const targetOf = (/** @type {any} */ item) => (isObject(item) ? item.target : item);

  const link = (
    /** @type {CloneNode} */ { kind, target },
    /** @type {any} */ key,
    /** @type {any} */ item,
  ) => {
    const value = targetOf(item);
    if (kind === 'Map') mapSet(target, targetOf(key), value);
    else if (kind === 'Set') setAdd(target, value);
    else define(target, key, value, kind !== 'Error');
  };

  /** @param {CloneGraph} graph */
  const deserialize = ({ root, nodes, links }) => {
    for (let i = 0; i < nodes.length; i++) nodes[i].target = make(nodes[i]);
    for (let i = 0; i < links.length; i += 3) link(links[i], links[i + 1], links[i + 2]);
    return targetOf(root);
  };

  return { __proto__: null, deserialize };
})();
