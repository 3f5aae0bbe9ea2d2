'use strict';
// What every run begins with, whatever the one before has left.
guest.reset = (() => {
  const { clock, fromAsync, mathRandom, performance, sdk } = guest;

  /**
   * @param {number} startedAt as `Date.now` counts @param {number} low @param {number} high halves of the seed
   * @param {number} apiCalls @param {number} outputBytes @param {number} logEntries @param {number} logBytes
   */
  const reset = (startedAt, low, high, apiCalls, outputBytes, logEntries, logBytes) => {
    guest.outcome.open(outputBytes);
    clock.start(startedAt);
    performance.reset();
    mathRandom.reset(low, high);
    sdk.open(apiCalls);
    fromAsync.clear();
    guest.console.open(logEntries, logBytes);
  };

  return { __proto__: null, reset };
})();
