'use strict';
// What structuredClone takes from one object of each kind.
guest.structuredRead = (() => {
  const { uncurryThis } = guest.primordials;
  const { messageOf, nameOf } = guest.domException;
  const { list, push } = guest.list;
  const { getter } = guest.webIntrinsics;
  const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn } = Object;
  const mapEntries = uncurryThis(Map.prototype.entries);
  const mapNext = uncurryThis(getPrototypeOf(new Map().entries()).next);
  const setValues = uncurryThis(Set.prototype.values);
  const setNext = uncurryThis(getPrototypeOf(new Set().values()).next);
  const regExpSource = getter(RegExp.prototype, 'source');
  const regExpFlags = list();
  for (const [flag, name] of Object.entries({
    d: 'hasIndices',
    g: 'global',
    i: 'ignoreCase',
    m: 'multiline',
    s: 'dotAll',
    u: 'unicode',
    v: 'unicodeSets',
    y: 'sticky',
  })) {
    push(regExpFlags, { __proto__: null, flag, isSet: getter(RegExp.prototype, name) });
  }
  const errorNames = /** @type {any} */ ({
    __proto__: null,
    EvalError: true,
    RangeError: true,
    ReferenceError: true,
    SyntaxError: true,
    TypeError: true,
    URIError: true,
  });

  const patternOf = (/** @type {any} */ value) => {
    let flags = '';
    for (let i = 0; i < regExpFlags.length; i++) {
      if (regExpFlags[i].isSet(value)) flags += regExpFlags[i].flag;
    }
    return { __proto__: null, kind: 'RegExp', source: regExpSource(value), flags };
  };

  /** The items of a set; the keys and values of a map, one after the other. */
  const contentsOf = (/** @type {any} */ value, /** @type {string} */ kind) => {
    const raw = list();
    const isMap = kind === 'Map';
    const iterator = isMap ? mapEntries(value) : setValues(value);
    for (;;) {
      const step = isMap ? mapNext(iterator) : setNext(iterator);
      if (step.done) return raw;
      if (isMap) {
        push(raw, step.value[0]);
        push(raw, step.value[1]);
      } else {
        push(raw, step.value);
      }
    }
  };

  const textOrNothing = (/** @type {unknown} */ value) =>
    typeof value === 'string' ? value : undefined;

  const errorOf = (/** @type {any} */ value) => {
    const name = value.name === undefined ? 'Error' : `${value.name}`;
    const message = getOwnPropertyDescriptor(value, 'message');
    return {
      __proto__: null,
      kind: 'Error',
      name: errorNames[name] === true ? name : 'Error',
      message: message !== undefined && hasOwn(message, 'value') ? `${message.value}` : undefined,
      stack: textOrNothing(value.stack),
      items: list(),
    };
  };

  /** An error's cause, if it has one. */
  const causeOf = (/** @type {any} */ value) => {
    const raw = list();
    if (hasOwn(value, 'cause')) push(raw, value.cause);
    return raw;
  };

  const exceptionOf = (/** @type {any} */ value) => ({
    __proto__: null,
    kind: 'DOMException',
    name: nameOf(value),
    message: messageOf(value),
    stack: textOrNothing(value.stack),
  });

  return { __proto__: null, causeOf, contentsOf, errorOf, exceptionOf, patternOf };
})();
