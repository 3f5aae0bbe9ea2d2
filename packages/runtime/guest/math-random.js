'use strict';
// `Math.random` with a state of our own: V8's belongs to the realm, so that one run could read off
// it how much another has drawn. Seeded by the worker for each run.
guest.mathRandom = (() => {
  const { defineProperty } = Object;
  const { imul } = Math;
  let a = 0;
  let b = 0;
  let c = 0;
  let counter = 0;

  /** sfc32 (Chris Doty-Humphrey, PractRand): 32 bits a step, passes BigCrush. */
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum;
  };

  /** @param {number} low 32 bits @param {number} high 32 bits */
  const reset = (low, high) => {
    a = low | 0;
    b = high | 0;
    c = imul(low ^ high, 0x9e3779b1);
    counter = 1;
    // The first steps still show the seed.
    for (let i = 0; i < 12; i++) next();
  };

  const { random } = {
    // 53 bits, as many as a number in [0, 1) can hold.
    random: () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992,
  };
  defineProperty(Math, 'random', { value: random });
  return { __proto__: null, reset };
})();
