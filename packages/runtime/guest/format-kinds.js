'use strict';
// How instances of the web classes print. Those classes come later, and say here what is shown of them.
guest.formatKinds = (() => {
  const { repeat } = guest.formatIntrinsics;
  const { BREAK_LENGTH, charge, join, list, primitiveText, push, spent } = guest.formatText;

  /** @type {FormatList<FormatKind>} */
  const kinds = list();

  /**
   * Instances print with these properties.
   * @param {FormatKind['isInstance']} isInstance
   * @param {(value: any) => any} read gives them in an object without a prototype
   */
  const showFields = (isInstance, read) => {
    /** @type {FormatItems} */
    const items = (state, value, _shape, print, texts) => {
      const fields = read(value);
      for (const name in fields) {
        if (spent(state)) return;
        push(texts, `${charge(state, name)}: ${print(fields[name])}`);
      }
    };
    push(kinds, { __proto__: null, isInstance, items, wholeOf: undefined });
  };

  /** Instances print with pairs of strings, which Node breaks into lines in a way of its own. */
  const showPairs = (
    /** @type {FormatKind['isInstance']} */ isInstance,
    /** @type {(value: any) => FormatList<{ readonly name: string, readonly value: string }>} */ read,
  ) => {
    const wholeOf = (
      /** @type {FormatState} */ state,
      /** @type {any} */ value,
      /** @type {string} */ name,
    ) => {
      const pairs = read(value);
      const texts = list();
      let length = -2;
      for (let i = 0; i < pairs.length; i++) {
        if (length > state.left || spent(state)) break;
        state.nodes += 1;
        const pair = /** @type {any} */ (pairs[i]);
        const text = `${primitiveText(state, pair.name)} => ${primitiveText(state, pair.value)}`;
        length += text.length + 2;
        push(texts, text);
      }
      if (texts.length < pairs.length) push(texts, '\u2026');
      if (texts.length === 0) return `${name} {}`;
      const line = `\n${repeat(' ', state.indent + 2)}`;
      return length > BREAK_LENGTH
        ? `${name} {${line}${join(texts, `,${line}`)} }`
        : `${name} { ${join(texts, ', ')} }`;
    };
    push(kinds, { __proto__: null, isInstance, items: undefined, wholeOf });
  };

  /** @returns {FormatKind | undefined} how a value prints that is an instance of one of these classes. */
  const kindOf = (/** @type {object} */ value) => {
    for (let i = 0; i < kinds.length; i++) {
      const kind = kinds[i];
      if (kind !== undefined && kind.isInstance(value)) return kind;
    }
    return undefined;
  };

  return { __proto__: null, kindOf, showFields, showPairs };
})();
