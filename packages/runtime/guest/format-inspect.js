'use strict';
// Walks a value and prints it. Never throws: what cannot be read prints as a note.
guest.formatInspect = (() => {
  const { getOwnPropertyDescriptor, hasOwn, min, slice } = guest.formatIntrinsics;
  const { accessorText, charge, keyText, list, primitiveText, push, spent } = guest.formatText;
  const { identify, prefixOf } = guest.formatIdentity;
  const { describe } = guest.formatShape;
  const { layOut } = guest.formatLayout;

  const FAILED = '<inspection failed>';
  const MAX_PROPERTIES = 200;

  /** @returns {FormatState} */
  const createState = (
    /** @type {number} */ maxLength,
    /** @type {(stack: string) => string} */ cleanStack,
  ) => ({
    cleanStack,
    left: maxLength,
    nodes: 0,
    stopped: false,
    dropped: 0,
    next: 0,
    indent: 0,
    depth: 2,
    hidden: false,
    deepest: 0,
    circular: null,
  });

  const circularIndex = (/** @type {FormatState} */ state, /** @type {any} */ value) => {
    for (let entry = state.circular; entry !== null; entry = entry.next) {
      if (entry.value === value) return entry.index;
    }
    return 0;
  };

  const markCircular = (/** @type {FormatState} */ state, /** @type {any} */ value) => {
    const known = circularIndex(state, value);
    if (known > 0) return known;
    const index = (state.circular?.index ?? 0) + 1;
    state.circular = { value, index, next: state.circular };
    return index;
  };

  const isAncestor = (/** @type {FormatParents | null} */ parents, /** @type {any} */ value) => {
    for (let entry = parents; entry !== null; entry = entry.next)
      if (entry.value === value) return true;
    return false;
  };

  const pushProperties = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {FormatShape} */ shape,
    /** @type {(child: unknown) => string} */ print,
    /** @type {FormatList<string>} */ items,
  ) => {
    const { keys } = shape;
    const shown = min(keys.length, MAX_PROPERTIES);
    let index = 0;
    for (; index < shown && !spent(state); index++) {
      const descriptor = getOwnPropertyDescriptor(value, keys[index]);
      // A proxy may list keys that it does not have.
      if (descriptor === undefined) continue;
      const key = charge(state, keyText(state, keys[index], descriptor.enumerable));
      const isData = hasOwn(descriptor, 'value');
      push(
        items,
        `${key}: ${isData ? print(descriptor.value) : charge(state, accessorText(descriptor))}`,
      );
    }
    const rest = keys.length - index;
    if (rest > 0) push(items, `... ${rest} more ${rest === 1 ? 'property' : 'properties'}`);
  };

  const tooDeepText = (/** @type {FormatIdentity} */ { brand, name, tag }) => {
    const text = slice(prefixOf(name, tag, brand === 'Array' ? 'Array' : 'Object'), 0, -1);
    return name === null ? text : `[${text}]`;
  };

  const printObject = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {number} */ level,
    /** @type {FormatParents | null} */ parents,
  ) => {
    const identity = identify(state, value);
    const shape = describe(state, value, identity);
    if (shape.whole !== undefined) return charge(state, shape.whole);
    if (level > state.depth) {
      return charge(state, identity.brand === 'RegExp' ? shape.base : tooDeepText(identity));
    }
    const within = { value, next: parents };
    const print = (/** @type {unknown} */ child) => {
      state.indent += 2;
      const text = printValue(state, child, level + 1, within);
      state.indent -= 2;
      return text;
    };
    state.deepest = level;
    charge(state, shape.base);
    const items = list();
    shape.items?.(state, value, shape, print, items);
    pushProperties(state, value, shape, print, items);
    const reference = circularIndex(state, value);
    if (reference > 0)
      shape.base = shape.base === '' ? `<ref *${reference}>` : `<ref *${reference}> ${shape.base}`;
    return layOut(state, items, shape, level);
  };

  const printValue = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {number} */ level,
    /** @type {FormatParents | null} */ parents,
  ) => {
    state.nodes += 1;
    if (spent(state)) return '\u2026';
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
    const { indent } = state;
    try {
      if (!isObject) return charge(state, primitiveText(state, value));
      if (isAncestor(parents, value))
        return charge(state, `[Circular *${markCircular(state, value)}]`);
      return printObject(state, value, level, parents);
    } catch {
      // A proxy's trap threw, or the script's stack is nearly used up.
      state.indent = indent;
      return FAILED;
    }
  };

  /** Prints one value as a part of the line. */
  const inspectWithin = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {number} */ depth,
    /** @type {boolean} */ hidden,
  ) => {
    state.depth = depth;
    state.hidden = hidden;
    state.circular = null;
    return printValue(state, value, 0, null);
  };

  return { __proto__: null, createState, FAILED, inspectWithin };
})();
