'use strict';
// What structuredClone takes from one object of each kind.
guest.structuredRead = (() => {
  const { bare, uncurryThis } = guest.primordials;
  const { messageOf, nameOf } = guest.domException;
  const { push } = guest.list;
  const { getter } = guest.webIntrinsics;
  const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn } = Object;
  const mapEntries = uncurryThis(Map.prototype.entries);
  const mapNext = uncurryThis(getPrototypeOf(new Map().entries()).next);
  const setValues = uncurryThis(Set.prototype.values);
  const setNext = uncurryThis(getPrototypeOf(new Set().values()).next);
  const regExpSource = getter(RegExp.prototype, 'source');
  const regExpFlags = guest.list.list();
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
    return { __proto__: null, source: regExpSource(value), flags };
  };

  /** Adds the items of a set; the keys and values of a map, one after the other. */
  const addContents = (
    /** @type {GuestList<any>} */ target,
    /** @type {any} */ value,
    /** @type {string} */ kind,
  ) => {
    const isMap = kind === 'Map';
    const iterator = isMap ? mapEntries(value) : setValues(value);
    for (;;) {
      const step = isMap ? mapNext(iterator) : setNext(iterator);
      if (step.done) return;
      if (isMap) {
        push(target, step.value[0]);
        push(target, step.value[1]);
      } else {
        push(target, step.value);
      }
    }
  };

  const textOrNothing = (/** @type {unknown} */ value) =>
    typeof value === 'string' ? value : undefined;

  const ErrorParts = bare(
    class {
      constructor(
        /** @type {string} */ name,
        /** @type {string | undefined} */ message,
        /** @type {string | undefined} */ stack,
      ) {
        this.name = name;
        this.message = message;
        this.stack = stack;
      }
    },
  );

  const errorOf = (/** @type {any} */ value) => {
    const given = value.name === undefined ? 'Error' : `${value.name}`;
    const name = errorNames[given] === true ? given : 'Error';
    const message = getOwnPropertyDescriptor(value, 'message');
    const text = message !== undefined && hasOwn(message, 'value') ? `${message.value}` : undefined;
    return new ErrorParts(name, text, textOrNothing(value.stack));
  };

  /** Adds an error's cause, if it has one. */
  const addCause = (/** @type {GuestList<any>} */ target, /** @type {any} */ value) => {
    if (hasOwn(value, 'cause')) push(target, value.cause);
  };

  const exceptionOf = (/** @type {any} */ value) =>
    new ErrorParts(nameOf(value), messageOf(value), textOrNothing(value.stack));

  return { __proto__: null, addCause, addContents, errorOf, exceptionOf, patternOf };
})();
