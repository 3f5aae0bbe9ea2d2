'use strict';
// How a run comes to its end: its output or what went wrong, as JSON.
guest.outcome = (() => {
  const { uncurryThis } = guest.primordials;
  const { stringify, stringifyWithin, overBudget } = guest.json;
  const { describe } = guest.thrown;
  const { droppedCount } = guest.console;
  const { post } = guest.outbox;
  const charCodeAt = uncurryThis(String.prototype.charCodeAt);
  const openingBrace = 123;
  /** How the run settled, or empty; and its output or failure as JSON. */
  let outcome = '';
  let settled = '';
  let outputBytes = 0;

  /** Whether the turn that is going on is one after which the worker does not ask. */
  let isUnasked = false;
  const settledNow = () => {
    if (isUnasked) post('?');
  };

  /**
   * @param {GuestFailure['code']} code @param {string} message @param {GuestThrown} [thrown]
   */
  const fail = (code, message, thrown) => {
    if (outcome !== '') return;
    // Without a prototype, as in `report` of thrown.js.
    settled = stringify({ __proto__: null, code, message, thrown });
    outcome = 'f';
    settledNow();
  };
  const complete = (/** @type {string} */ output) => {
    if (outcome !== '') return;
    settled = output;
    outcome = 'c';
    settledNow();
  };
  const failWith = (/** @type {unknown} */ value) => {
    const thrown = describe(value);
    // V8 reports a buffer that does not fit as a RangeError; to the tenant it is the memory limit.
    const code =
      thrown.name === 'RangeError' && thrown.message === 'Array buffer allocation failed'
        ? 'memory_limit'
        : 'script_error';
    fail(code, thrown.message, thrown);
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
    if (outcome !== '') return;
    try {
      const output = toOutput(value);
      if (output !== undefined) complete(output);
      else
        fail(
          'output_invalid',
          typeof value === 'object' ? 'its toJSON gave nothing' : `it is a ${typeof value}`,
        );
    } catch (error) {
      if (error === overBudget) fail('output_limit', '');
      else {
        const thrown = describe(error);
        fail('output_invalid', thrown.message, thrown);
      }
    }
  };

  return {
    __proto__: null,
    failWith,
    finish,
    isReached: () => outcome !== '',
    /** Begins a run. */
    open(/** @type {number} */ maxOutputBytes) {
      outcome = '';
      outputBytes = maxOutputBytes;
    },
    /** Whether the worker will not ask at the end of the turn that is going on. */
    setUnasked(/** @type {boolean} */ unasked) {
      isUnasked = unasked;
    },
    /**
     * `c` completed or `f` failed; `i` when the run left the realm intact and `x` when it did not; the lines
     * dropped; and the output or the failure.
     */
    text: (/** @type {boolean} */ isFit) =>
      `${outcome}${isFit ? 'i' : 'x'}${droppedCount()}\n${settled}`,
  };
})();
