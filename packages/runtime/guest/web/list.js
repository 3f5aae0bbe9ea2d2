'use strict';
// Lists that inherit nothing: what a script puts on Array.prototype must not see our writes.
guest.list = (() => {
  const { bare } = guest.primordials;
  // Arrays, since they are what V8 can lengthen fast.
  const List = bare(class extends Array {});
  /** @returns {GuestList<any>} */
  const list = () => new List();

  const push = (/** @type {GuestList<any>} */ target, /** @type {any} */ item) => {
    target[target.length] = item;
  };

  /** Keeps the items that `keep` answers true for, in their order. */
  const retain = (
    /** @type {GuestList<any>} */ target,
    /** @type {(item: any) => boolean} */ keep,
  ) => {
    let kept = 0;
    const { length } = target;
    for (let i = 0; i < length; i++) {
      const item = target[i];
      if (keep(item)) target[kept++] = item;
    }
    target.length = kept;
  };

  const copy = (/** @type {GuestList<any>} */ source) => {
    const target = list();
    for (let i = 0; i < source.length; i++) push(target, source[i]);
    return target;
  };

  /**
   * A stable merge sort: a list in a new order.
   * @param {GuestList<any>} source
   * @param {(a: any, b: any) => boolean} before true when `a` must stand before `b`
   */
  const sorted = (source, before) => {
    let from = copy(source);
    let to = list();
    for (let width = 1; width < source.length; width *= 2) {
      to = list();
      for (let start = 0; start < source.length; start += 2 * width) {
        merge(from, to, start, width, before);
      }
      from = to;
    }
    return from;
  };

  const merge = (
    /** @type {GuestList<any>} */ from,
    /** @type {GuestList<any>} */ to,
    /** @type {number} */ start,
    /** @type {number} */ width,
    /** @type {(a: any, b: any) => boolean} */ before,
  ) => {
    let left = start;
    let right = start + width;
    const leftEnd = right < from.length ? right : from.length;
    const rightEnd = right + width < from.length ? right + width : from.length;
    while (left < leftEnd || right < rightEnd) {
      const takeRight = left >= leftEnd || (right < rightEnd && before(from[right], from[left]));
      push(to, takeRight ? from[right++] : from[left++]);
    }
  };

  return { __proto__: null, copy, list, push, retain, sorted };
})();
