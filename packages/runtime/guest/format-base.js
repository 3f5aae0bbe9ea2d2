'use strict';
// The text that stands for functions, dates, regular expressions, and boxed primitives.
guest.formatBase = (() => {
  const {
    bigintValue,
    booleanValue,
    charCodeAt,
    dateIso,
    dateTime,
    functionKinds,
    functionSource,
    getPrototypeOf,
    indexOf,
    numberValue,
    regexpFlags,
    regexpSource,
    slice,
    stringValue,
    symbolValue,
  } = guest.formatIntrinsics;
  const { clip, primitiveText } = guest.formatText;
  const { dataOf, prefixOf } = guest.formatIdentity;

  const isSpace = (/** @type {number} */ code) => code === 32 || (code >= 9 && code <= 13);

  /** Methods may be called `class`; a class is followed by anything but its parameters. */
  const isClass = (/** @type {string} */ source) => {
    if (indexOf(slice(source, 0, 5), 'class') !== 0) return false;
    let i = 5;
    while (isSpace(charCodeAt(source, i))) i += 1;
    const next = slice(source, i, i + 1);
    return next === '{' || (next !== '(' && (i > 5 || next === '/'));
  };

  const ownName = (/** @type {FormatState} */ state, /** @type {any} */ value) => {
    const name = dataOf(value, 'name');
    return typeof name === 'string' ? clip(state, name) : '';
  };

  const classBase = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {FormatIdentity} */ { name, tag },
  ) => {
    let text = `class ${ownName(state, value) || '(anonymous)'}`;
    if (name !== 'Function' && name !== null) text += ` [${name}]`;
    if (tag !== '' && tag !== name) text += ` [${tag}]`;
    if (name === null) return `[${text} extends [null prototype]]`;
    const parent = ownName(state, getPrototypeOf(value));
    return parent === '' ? `[${text}]` : `[${text} extends ${parent}]`;
  };

  const kindOf = (/** @type {FormatList<object>} */ chain) => {
    for (let i = 0; i < chain.length; i++) {
      for (const kind in functionKinds) {
        if (chain[i] === functionKinds[kind]) return kind;
      }
    }
    return 'Function';
  };

  const functionBase = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {FormatIdentity} */ identity,
  ) => {
    if (isClass(functionSource(value))) return classBase(state, value, identity);
    const { chain, name, tag } = identity;
    const kind = kindOf(chain);
    const own = ownName(state, value);
    const owner = name === null ? ' (null prototype)' : '';
    let text = `[${kind}${owner}${own === '' ? ' (anonymous)' : `: ${own}`}]`;
    if (name !== kind && name !== null) text += ` ${name}`;
    if (tag !== '' && tag !== name) text += ` [${tag}]`;
    return text;
  };

  const withPrefix = (
    /** @type {string} */ text,
    /** @type {FormatIdentity} */ { brand, name, tag },
  ) => (name === brand && tag === '' ? text : prefixOf(name, tag, brand) + text);

  const dateBase = (/** @type {any} */ value, /** @type {FormatIdentity} */ identity) => {
    const time = dateTime(value);
    return withPrefix(time === time ? dateIso(value) : 'Invalid Date', identity);
  };

  const regexpBase = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {FormatIdentity} */ identity,
  ) => {
    let flags = '';
    for (let i = 0; i < regexpFlags.length; i++) {
      const { letter, isSet } = regexpFlags[i];
      if (isSet(value)) flags += letter;
    }
    return withPrefix(`/${clip(state, regexpSource(value))}/${flags}`, identity);
  };

  /** @type {any} */
  const unbox = {
    __proto__: null,
    BigInt: bigintValue,
    Boolean: booleanValue,
    Number: numberValue,
    String: stringValue,
    Symbol: symbolValue,
  };

  const boxedBase = (
    /** @type {FormatState} */ state,
    /** @type {any} */ value,
    /** @type {FormatIdentity} */ { brand, name, tag },
  ) => {
    const owner = name === null ? ' (null prototype)' : name === brand ? '' : ` (${name})`;
    const shownTag = tag !== '' && tag !== name ? ` [${tag}]` : '';
    return `[${brand}${owner}: ${primitiveText(state, unbox[brand](value))}]${shownTag}`;
  };

  return {
    __proto__: null,
    boxedBase,
    dateBase,
    functionBase,
    isBoxed: (/** @type {string} */ brand) => brand in unbox,
    regexpBase,
  };
})();
