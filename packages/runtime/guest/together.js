'use strict';
// Runs of a script that has no word for anything that waits: one after the other, in one entry.
guest.together = (() => {
  const { parse } = guest.json;
  const { console } = guest.console;
  const { real } = guest.clock;
  const { enter, untilNext, clear } = guest.timers;
  const { failWith, finish, text } = guest.outcome;
  const { hold, held } = guest.outbox;
  const { isIntact } = guest.harden;
  const { reset } = guest.reset;
  const { fromAsync, sdk } = guest;
  /** After which no other run is begun: milliseconds, and characters that the worker is to be told. */
  const maxMs = 2;
  const maxCharacters = 256 * 1024;

  /** Whether a promise of the value would ask it for more than what it is. */
  const isThenable = (/** @type {any} */ value) => {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
    try {
      return typeof value.then === 'function';
    } catch {
      return true;
    }
  };

  /** Whether the run that came to its end has set something off that may not be over. */
  const goesOn = () => sdk.isUsed() || untilNext() >= 0 || fromAsync.isUsed();

  /**
   * Ends before a run that waits all the same: it has told nobody anything, and can be begun again. What it
   * has left behind can do nothing but take time: nobody listens to it any more.
   * @param {number} time the worker's clock, in milliseconds
   * @param {any[]} args the script as a plain function; the limits, as in `reset`; and a list of runs as
   *   JSON: the context with its input, when the run began, and both halves of the seed
   * @returns how long the last run took, in milliseconds, if it was not short; a `!` before a run that waits;
   *   then, each after its length, what `drainHeld` of run.js would say of the runs. Nothing when one of them
   *   spoiled the realm.
   */
  const together = (time, args) => {
    const runs = parse(args[5]);
    enter(time, false);
    const begun = real();
    let before = begun;
    let lastMs = 0;
    let waits = true;
    let ends = '';
    for (let i = 0; i < runs.length && lastMs === 0 && ends.length < maxCharacters; i++) {
      const run = runs[i];
      waits = true;
      hold();
      reset(run[1], run[2], run[3], args[1], args[2], args[3], args[4]);
      try {
        // With what a reaction of a promise is called with.
        const value = args[0](run[0], console)(undefined);
        if (isThenable(value)) break;
        finish(value);
      } catch (error) {
        failWith(error);
      }
      if (goesOn()) break;
      waits = false;
      const lines = held();
      const end = lines === '' ? text(true) : `p${lines.length} ${lines}${text(true)}`;
      ends += `${end.length} ${end}`;
      const now = real();
      if (now - begun >= maxMs) lastMs = now - before;
      before = now;
    }
    clear();
    sdk.clear();
    hold();
    return isIntact() ? `${lastMs}${waits ? '!' : ''}\n${ends}` : '';
  };

  return { __proto__: null, together };
})();
