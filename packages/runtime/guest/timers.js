'use strict';
// `setTimeout` and `clearTimeout`. The worker owns the clock: it says what time it is on entry, and
// asks at the end of each turn when to come back.
guest.timers = (() => {
  const { addGlobal } = guest.globals;
  const { TypeError, Map, Number } = globalThis;
  const { uncurryThis } = guest.primordials;
  const { apply } = Reflect;
  const { post } = guest.outbox;
  const { real: dateNow } = guest.clock;
  const clock = guest.clock;
  const mapSet = uncurryThis(Map.prototype.set);
  const mapGet = uncurryThis(Map.prototype.get);
  const mapDelete = uncurryThis(Map.prototype.delete);
  const mapClear = uncurryThis(Map.prototype.clear);
  const maxDelay = 2 ** 31 - 1;

  /**
   * @typedef {object} Timer
   * @property {number} id
   * @property {number} due
   * @property {number} dueDate by the clock of the run
   * @property {Function | undefined} callback undefined once cleared or fired
   * @property {unknown[]} args
   */
  // A binary heap by due time, then by id, which is the order of setting. Null prototypes: an
  // accessor that a script puts on Array.prototype or Object.prototype must not see our writes.
  const heap = /** @type {{ [index: number]: Timer }} */ (
    /** @type {unknown} */ ({ __proto__: null })
  );
  let size = 0;
  const byId = new Map();
  let lastId = 0;
  let entryTime = 0;
  let entryDate = 0;

  const before = (/** @type {Timer} */ a, /** @type {Timer} */ b) =>
    a.due < b.due || (a.due === b.due && a.id < b.id);
  const at = (/** @type {number} */ index) => /** @type {Timer} */ (heap[index]);

  const push = (/** @type {Timer} */ timer) => {
    let hole = size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!before(timer, at(parent))) break;
      heap[hole] = at(parent);
      hole = parent;
    }
    heap[hole] = timer;
  };

  const pop = () => {
    const top = at(0);
    const last = at(--size);
    delete heap[size];
    let hole = 0;
    while (size > 0) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && before(at(child + 1), at(child))) child++;
      if (!before(at(child), last)) break;
      heap[hole] = at(child);
      hole = child;
    }
    if (size > 0) heap[hole] = last;
    return top;
  };

  /** Milliseconds on the worker's clock; the date only measures how long this turn has been going. */
  const now = () => {
    const elapsed = dateNow() - entryDate;
    return elapsed > 0 ? entryTime + elapsed : entryTime;
  };

  /** Set while nobody will ask at the end of the turn how long there is to wait. */
  let isUnasked = false;

  /** @param {number} time @param {boolean} unasked */
  const enter = (time, unasked) => {
    isUnasked = unasked;
    entryTime = time;
    entryDate = dateNow();
  };

  /** @param {unknown} callback @param {unknown} [delay] @param {unknown[]} args */
  const setTimeout = (callback, delay, ...args) => {
    if (typeof callback !== 'function') {
      throw new TypeError('setTimeout takes a function; code in a string is not run');
    }
    const wanted = Number(delay);
    const wait = wanted >= 1 && wanted <= maxDelay ? wanted : 1;
    const timer = {
      __proto__: null,
      id: ++lastId,
      due: now() + wait,
      dueDate: clock.now() + wait,
      callback,
      args,
    };
    mapSet(byId, timer.id, timer);
    push(timer);
    if (isUnasked) {
      isUnasked = false;
      post('?');
    }
    return timer.id;
  };

  /** @param {unknown} [id] */
  const clearTimeout = (id) => {
    // Anything else is the number of no timer; nor is it asked, for it may be an object that throws.
    if (typeof id !== 'number' && typeof id !== 'string') return;
    const timer = mapGet(byId, Number(id));
    if (timer === undefined) return;
    timer.callback = undefined;
    mapDelete(byId, timer.id);
  };

  const skipCleared = () => {
    while (size > 0 && at(0).callback === undefined) pop();
  };

  /** Milliseconds until the next timer is due, or -1 when there is none. */
  const untilNext = () => {
    skipCleared();
    if (size === 0) return -1;
    const wait = at(0).due - now();
    return wait > 0 ? wait : 0;
  };

  /** Runs the first timer that is due. One a turn: its microtasks come before the next one. */
  const fire = () => {
    skipCleared();
    if (size === 0 || at(0).due > entryTime) return;
    const timer = pop();
    const { callback, args } = timer;
    mapDelete(byId, timer.id);
    timer.callback = undefined;
    clock.set(timer.dueDate);
    if (callback !== undefined) apply(callback, undefined, args);
  };

  /** Forgets every timer: the run is over. */
  const clear = () => {
    for (let i = 0; i < size; i++) delete heap[i];
    size = 0;
    if (lastId > 0) mapClear(byId);
    lastId = 0;
  };

  addGlobal('setTimeout', setTimeout);
  addGlobal('clearTimeout', clearTimeout);
  return { __proto__: null, enter, untilNext, fire, clear };
})();
