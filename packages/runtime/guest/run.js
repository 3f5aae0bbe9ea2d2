'use strict';
// One run: the worker enters here, and nowhere else.
guest.dispatch = (() => {
  const { uncurryThis } = guest.primordials;
  const { parse } = guest.json;
  const { console } = guest.console;
  const { failWith, finish, isReached, setUnasked, text } = guest.outcome;
  const { reset } = guest.reset;
  const { together } = guest.together;
  const { enter, untilNext, fire, clear } = guest.timers;
  const { isIntact, plan } = guest.harden;
  const { sdk } = guest;
  const { hold, release, hasHeldOther } = guest.outbox;
  const { Promise } = globalThis;
  const { defineProperty } = Object;
  const then = uncurryThis(Promise.prototype.then);
  const { ArrayBuffer } = globalThis;
  const letGo = uncurryThis(ArrayBuffer.prototype.transferToFixedLength);
  // A reaction to this promise calls the script in a microtask, so that no frame of ours lies below
  // the script's.
  const beginning = Promise.resolve();

  /** In the hardened realm nobody can have replaced what a promise goes through. */
  const beginPlainly = (/** @type {() => Promise<unknown>} */ body) => {
    void then(then(beginning, body), finish, failWith);
  };

  /**
   * In a fresh realm a promise that is the result of a reaction would be asked for the script's own
   * `then`, and one that is reacted to for its own `constructor`; neither is asked here. V8 makes
   * promises slower in the whole isolate for this, so it is done only where it is needed.
   */
  const guardedBeginning = () => {
    // Without a prototype: a script may have put a getter or a setter on Object.prototype.
    const asNone = /** @type {PropertyDescriptor} */ (
      /** @type {unknown} */ ({ __proto__: null, value: undefined })
    );
    const receive = (/** @type {Promise<unknown>} */ promise) => {
      void defineProperty(promise, 'constructor', asNone);
      void then(promise, finish, failWith);
    };
    const Receiver = function (/** @type {Function} */ executor) {
      executor(receive, failWith);
    };
    void defineProperty(beginning, 'constructor', {
      value: { __proto__: null, [Symbol.species]: Receiver },
    });
    return (/** @type {() => Promise<unknown>} */ body) => void then(beginning, body);
  };
  const begin = guest.settings.realm === 'hardened' ? beginPlainly : guardedBeginning();

  /**
   * Read one by one, since in a fresh realm lists may be iterated as the script likes.
   * @param {any[]} args the script's wrapper; context and input as JSON; when the run began, as
   *   `Date.now` counts; both halves of the seed; and the limits that the guest keeps to
   */
  const start = (args) => {
    reset(args[3], args[4], args[5], args[6], args[7], args[8], args[9]);
    const ctx = parse(args[1]);
    ctx.input = parse(args[2]);
    begin(args[0](ctx, console));
  };

  /**
   * What the runs of a lane share: their wrapper and the limits.
   * @type {any[]}
   */
  let shared;

  /** @param {string} line the context with its input, when the run began, and both halves of the seed, as JSON */
  const startOfLane = (line) => {
    const run = parse(line);
    reset(run[1], run[2], run[3], shared[1], shared[2], shared[3], shared[4]);
    begin(shared[0](run[0], console));
  };
  const first = (/** @type {any[]} */ args) => {
    shared = args;
    startOfLane(args[5]);
  };

  const timers = () => {
    try {
      fire();
    } catch (error) {
      failWith(error);
    }
  };

  /** Whether the run is over and has left the realm as it was; as `drain` found last. */
  let isFit = false;

  /**
   * At the end of a turn; one of answers is only asked for when the guest says `?`. `w` and the wait, with a `+` when host calls are under way, or `c` completed, `f` failed; then, of a run that
   * settled, `i` when it left the realm intact and `x` when it did not, and the lines dropped.
   * Nothing of the run is executed after this: its timers are gone, and it has no microtasks left.
   */
  const drain = () => {
    setUnasked(false);
    isFit = false;
    sdk.flush();
    if (!isReached()) return `w${untilNext()}${sdk.isWaiting() ? '+' : ''}`;
    clear();
    sdk.clear();
    isFit = isIntact();
    return text(isFit);
  };

  /** `drain` of a turn that the worker waited for: after `p` and its length, what was held back. */
  const drainHeld = () => {
    const state = drain();
    const held = release();
    return held === '' ? state : `p${held.length} ${held}${state}`;
  };

  /** What `next` gave back last: when a promise is left rejected, the worker gets the reason instead. */
  let kept = '';

  /**
   * `drainHeld`, and the beginning of another run of the same script, for which the run before has to be
   * over in every respect; else its state comes after a `!`, and nothing begins. What the run before has
   * set off is over by then, since V8 has no microtask left when the worker enters.
   * @param {number} time
   * @param {string} run as `startOfLane` takes it
   */
  const next = (time, run) => {
    kept = '';
    const state = drainHeld();
    if (!isFit || hasHeldOther()) return `!${state}`;
    kept = state;
    hold();
    enter(time, false);
    startOfLane(run);
    return state;
  };

  /** See `compact` of the worker's realm.ts. */
  const compact = (/** @type {number} */ bytes) => {
    const options = /** @type {any} */ ({ __proto__: null, maxByteLength: bytes });
    // The first leaves pages that are still to be swept, and the second gives them back.
    for (let i = 0; i < 2; i++) letGo(new ArrayBuffer(bytes, options), 0);
  };

  /**
   * @param {'start' | 'first' | 'next' | 'kept' | 'together' | 'answers' | 'timers' | 'drain' | 'plan' | 'compact'} operation
   * @param {number} time the worker's clock, in milliseconds
   * @param {0 | 1} awaited whether the worker does nothing else until the turn is over, and then asks
   * @param {any[]} args
   */
  return (operation, time, awaited, ...args) => {
    if (operation === 'next') return next(time, args[0]);
    if (operation === 'kept') return kept;
    if (operation === 'together') return together(time, args);
    if (operation === 'drain') return awaited === 1 ? drainHeld() : drain();
    if (operation === 'plan') return plan;
    if (operation === 'compact') {
      compact(args[0]);
      return undefined;
    }
    const isUnasked = operation === 'answers' && awaited === 0;
    setUnasked(isUnasked);
    if (awaited === 1) hold();
    else release();
    enter(time, isUnasked);
    if (operation === 'start') start(args);
    else if (operation === 'first') first(args);
    else if (operation === 'answers') sdk.answers(args);
    else timers();
    return undefined;
  };
})();
