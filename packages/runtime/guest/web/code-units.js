'use strict';
// Makes strings of code units, a thousand at a time: one by one, each would be an object of V8's.
guest.codeUnits = (() => {
  const { apply, arrayFrom, fromCharCode } = guest.webIntrinsics;
  const { Array } = globalThis;
  const chunk = 1024;

  /** @returns {CodeUnits} */
  const open = (/** @type {number} */ expected) => {
    const length = expected < 1 ? 1 : expected > chunk ? chunk : expected;
    // Own elements from the start, so that writing them asks no prototype.
    const units = arrayFrom(/** @type {any} */ (Array), { __proto__: null, length });
    return /** @type {any} */ ({ __proto__: null, text: '', units, used: 0 });
  };

  const flush = (/** @type {CodeUnits} */ target) => {
    target.units.length = target.used;
    target.text += apply(fromCharCode, undefined, target.units);
    target.used = 0;
  };

  const add = (/** @type {CodeUnits} */ target, /** @type {number} */ unit) => {
    if (target.used === target.units.length) flush(target);
    target.units[target.used++] = unit;
  };

  const addPoint = (/** @type {CodeUnits} */ target, /** @type {number} */ point) => {
    if (point < 0x10000) {
      add(target, point);
      return;
    }
    add(target, 0xd800 + ((point - 0x10000) >> 10));
    add(target, 0xdc00 + ((point - 0x10000) & 0x3ff));
  };

  const close = (/** @type {CodeUnits} */ target) => {
    flush(target);
    return target.text;
  };

  return { __proto__: null, add, addPoint, close, open };
})();
