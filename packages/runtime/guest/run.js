'use strict';
// One run: the worker enters here, and nowhere else.
guest.dispatch = (() => {
  const { uncurryThis } = guest.primordials;
  const { parse, stringify, stringifyWithin, overBudget } = guest.json;
  const { describe } = guest.thrown;
  const { console, open, droppedCount } = guest.console;
  const { enter, untilNext, fire } = guest.timers;
  const { Promise } = globalThis;
  const { defineProperty } = Object;
  const then = uncurryThis(Promise.prototype.then);
  const charCodeAt = uncurryThis(String.prototype.charCodeAt);
  const openingBrace = 123;
  /** What the worker is told at the end of a turn, once the run has settled. */
  let settled = '';
  let outputBytes = 0;

  const fail = (/** @type {GuestFailure} */ failure) => {
    if (settled === '') settled = `f${droppedCount()}\n${stringify(failure)}`;
  };
  const failWith = (/** @type {unknown} */ value) => {
    const thrown = describe(value);
    // V8 reports a buffer that does not fit as a RangeError; to the tenant it is the memory limit.
    const code =
      thrown.name === 'RangeError' && thrown.message === 'Array buffer allocation failed'
        ? 'memory_limit'
        : 'script_error';
    fail({ code, message: thrown.message, thrown });
  };

  guest.uncaught.onReport(failWith);

  /** The specification's shape: a map stays, nothing is `{}`, anything else is `{ value }`. */
  const toOutput = (/** @type {unknown} */ value) => {
    if (value === undefined || value === null) return '{}';
    const text = stringifyWithin(value, outputBytes);
    if (text === undefined) return undefined;
    return charCodeAt(text, 0) === openingBrace ? text : `{"value":${text}}`;
  };

  const finish = (/** @type {unknown} */ value) => {
    // Something that nothing could catch has failed the run before its end.
    if (settled !== '') return;
    try {
      const output = toOutput(value);
      if (output !== undefined) settled = `c${droppedCount()}\n${output}`;
      else fail({ code: 'output_invalid', message: `the output is a ${typeof value}` });
    } catch (error) {
      if (error === overBudget) fail({ code: 'output_limit', message: '' });
      else {
        const thrown = describe(error);
        fail({ code: 'output_invalid', message: thrown.message, thrown });
      }
    }
  };

  const start = (
    /** @type {Function} */ wrapper,
    /** @type {string} */ context,
    /** @type {string} */ input,
    /** @type {string} */ limitsText,
  ) => {
    const limits = parse(limitsText);
    outputBytes = limits.outputBytes;
    open(limits);
    guest.performance.reset();
    const ctx = parse(context);
    ctx.input = parse(input);
    // A microtask later, so that no frame of ours lies below the script's.
    const begun = then(Promise.resolve(), wrapper(ctx, console));
    // Without this, `then` would ask the script's own Promise.prototype.constructor.
    void defineProperty(begun, 'constructor', { value: undefined });
    void then(begun, finish, failWith);
  };

  const timers = () => {
    try {
      fire();
    } catch (error) {
      failWith(error);
    }
  };

  /** `c` completed, `f` failed, `w` waiting; then the lines dropped, or the wait. */
  const drain = () => (settled === '' ? `w${untilNext()}` : settled);

  /**
   * @param {'start' | 'timers' | 'drain'} operation
   * @param {number} time the worker's clock, in milliseconds
   * @param {any[]} args
   */
  return (operation, time, ...args) => {
    if (operation === 'drain') return drain();
    enter(time);
    if (operation === 'start') start(args[0], args[1], args[2], args[3]);
    else timers();
    return undefined;
  };
})();
