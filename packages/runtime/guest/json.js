'use strict';
// JSON with a budget: a small graph can print to a billion leaves.
guest.json = (() => {
  const { parse, stringify } = JSON;
  const { TypeError } = globalThis;
  const isError = /** @type {(value: unknown) => value is Error} */ (
    /** @type {any} */ (Error).isError
  );
  const { isArray } = Array;
  const overBudget = { __proto__: null };

  /**
   * `JSON.stringify(value)`, given up as soon as the text must be longer than `budget` characters.
   * Throws what the value's own traps throw, and `overBudget`.
   * @param {unknown} value
   * @param {number} budget
   */
  const stringifyWithin = (value, budget) => {
    if (typeof value === 'string' && value.length > budget) throw overBudget;
    let left = budget;
    // Counts the least that each value can print to, so that nothing within the budget is refused.
    /** @this {unknown} the object or array that holds the item */
    const count = function (/** @type {string} */ key, /** @type {unknown} */ item) {
      switch (typeof item) {
        case 'string':
          left -= item.length + 2;
          break;
        case 'bigint':
          throw new TypeError(
            key === '' ? 'it is a BigInt' : `the value at ${stringify(key)} is a BigInt`,
          );
        case 'undefined':
        case 'function':
        case 'symbol':
          // Left out of an object, `null` in an array; holes are many and cost nothing to make.
          if (isArray(this)) left -= 4;
          break;
        default:
          left -= item === null || typeof item !== 'object' ? 2 : 1;
      }
      if (left < -2) throw overBudget;
      return item;
    };
    /** @type {string | undefined} */
    let text;
    try {
      text = stringify(value, count);
    } catch (error) {
      // V8 knows beforehand that a huge array cannot fit into a string.
      throw isError(error) && error.message === 'Invalid string length' ? overBudget : error;
    }
    if (text !== undefined && text.length > budget) throw overBudget;
    return text;
  };

  return { __proto__: null, parse, stringify, stringifyWithin, overBudget };
})();
