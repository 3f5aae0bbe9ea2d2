'use strict';
// `AbortSignal` and `AbortController`.
guest.abortSignal = (() => {
  const { addGlobal } = guest.globals;
  const { showFields } = guest.formatKinds;
  const { DOMException } = guest.domException;
  const { Event, trust } = guest.event;
  const { add, dispatch, EventTarget, onSignals } = guest.eventTarget;
  const { list, push } = guest.list;
  const { isObject, requireArguments, sequence, shape, wholeNumber } = guest.webIdl;
  const { apply } = guest.webIntrinsics;
  const { setTimeout, TypeError } = /** @type {any} */ (globalThis);
  const longestTimer = 2 ** 31 - 1;
  // Only who holds it makes a signal; the constructors are closed to scripts.
  const key = { __proto__: null };

  const abortReason = (/** @type {any} */ reason) =>
    reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;

  /** @type {AbortInternals} */
  let internals;

  class AbortSignal extends EventTarget {
    #aborted = false;
    /** @type {any} */
    #reason = undefined;
    /** Signals that are aborted after this one, and what else is to be done then. */
    #dependents = list();
    #algorithms = list();
    /** Signals that this one follows, none of which follows another. */
    #sources = list();
    /** @type {any} */
    #handler = null;
    #handles = false;

    constructor(/** @type {unknown} */ given) {
      if (given !== key) throw new TypeError('Illegal constructor');
      super();
    }

    static abort(/** @type {any} */ reason = undefined) {
      const signal = new AbortSignal(key);
      signal.#aborted = true;
      signal.#reason = abortReason(reason);
      return signal;
    }

    static timeout(/** @type {any} */ milliseconds) {
      requireArguments(arguments.length, 1, 'AbortSignal.timeout');
      const wait = wholeNumber(milliseconds, 'AbortSignal.timeout');
      const signal = new AbortSignal(key);
      // Longer than any run may take, so it never comes.
      if (wait <= longestTimer) setTimeout(() => expire(signal), wait);
      return signal;
    }

    static any(/** @type {any} */ signals) {
      requireArguments(arguments.length, 1, 'AbortSignal.any');
      const given = sequence(signals, 'AbortSignal.any');
      for (let i = 0; i < given.length; i++) internals.require(given[i], 'AbortSignal.any');
      return internals.follow(given);
    }

    get aborted() {
      return this.#aborted;
    }
    get reason() {
      return this.#reason;
    }
    throwIfAborted() {
      if (this.#aborted) throw this.#reason;
    }

    get onabort() {
      return this.#handler;
    }
    set onabort(value) {
      this.#handler = isObject(value) ? value : null;
      if (this.#handler === null || this.#handles) return;
      this.#handles = true;
      // It keeps the place among the listeners that it was given first.
      add(this, 'abort', (/** @type {any} */ event) => this.#handle(event));
    }
    #handle(/** @type {any} */ event) {
      if (typeof this.#handler === 'function') apply(this.#handler, this, [event]);
    }

    /** Everything is marked aborted before any code of the script runs. */
    static #abort(/** @type {AbortSignal} */ signal, /** @type {any} */ given) {
      if (signal.#aborted) return;
      const reason = abortReason(given);
      const marked = list();
      push(marked, signal);
      for (let i = 0; i < signal.#dependents.length; i++) {
        const dependent = signal.#dependents[i];
        if (!dependent.#aborted) push(marked, dependent);
      }
      for (let i = 0; i < marked.length; i++) {
        marked[i].#aborted = true;
        marked[i].#reason = reason;
      }
      for (let i = 0; i < marked.length; i++) AbortSignal.#announce(marked[i]);
    }

    static #announce(/** @type {AbortSignal} */ signal) {
      const algorithms = signal.#algorithms;
      signal.#algorithms = list();
      signal.#dependents = list();
      signal.#sources = list();
      for (let i = 0; i < algorithms.length; i++) algorithms[i]();
      const event = new Event('abort');
      trust(event, true);
      dispatch(event, signal);
    }

    static #follow(/** @type {GuestList<AbortSignal>} */ given) {
      const signal = new AbortSignal(key);
      for (let i = 0; i < given.length; i++) {
        const source = /** @type {AbortSignal} */ (given[i]);
        if (!source.#aborted) continue;
        signal.#aborted = true;
        signal.#reason = source.#reason;
        return signal;
      }
      for (let i = 0; i < given.length; i++) {
        const source = /** @type {AbortSignal} */ (given[i]);
        // A signal made by `any` passes on those that it follows itself.
        if (source.#sources.length === 0) AbortSignal.#link(signal, source);
        for (let j = 0; j < source.#sources.length; j++) {
          AbortSignal.#link(signal, source.#sources[j]);
        }
      }
      return signal;
    }

    static #link(/** @type {AbortSignal} */ signal, /** @type {AbortSignal} */ source) {
      for (let i = 0; i < signal.#sources.length; i++) if (signal.#sources[i] === source) return;
      push(signal.#sources, source);
      push(source.#dependents, signal);
    }

    static {
      const isSignal = (/** @type {any} */ value) => isObject(value) && #aborted in value;
      showFields(isSignal, (signal) => ({ __proto__: null, aborted: signal.#aborted }));
      internals = {
        isSignal,
        require: (value, where) => {
          if (!isSignal(value)) throw new TypeError(`${where} takes an AbortSignal`);
        },
        reasonOf: (signal) => signal.#reason,
        abort: (signal, reason) => AbortSignal.#abort(signal, reason),
        follow: (signals) => AbortSignal.#follow(signals),
        whenAborted: (signal, algorithm) => {
          if (!isSignal(signal)) throw new TypeError('the signal must be an AbortSignal');
          if (signal.#aborted) return false;
          push(signal.#algorithms, algorithm);
          return true;
        },
      };
    }
  }
  const { abort, isSignal, reasonOf, whenAborted } = internals;

  const expire = (/** @type {any} */ signal) =>
    abort(signal, new DOMException('The operation was aborted due to timeout', 'TimeoutError'));

  /** @type {(value: any) => boolean} */
  let isController;

  class AbortController {
    #signal = new AbortSignal(key);
    get signal() {
      return this.#signal;
    }
    abort(/** @type {any} */ reason = undefined) {
      abort(this.#signal, reason);
    }
    static {
      isController = (value) => #signal in value;
      showFields(isController, (controller) => ({ __proto__: null, signal: controller.#signal }));
    }
  }

  onSignals(whenAborted);
  shape(AbortSignal, 'AbortSignal', isSignal);
  shape(AbortController, 'AbortController', isController);
  Object.defineProperty(AbortSignal, 'length', { value: 0 });
  addGlobal('AbortSignal', AbortSignal);
  addGlobal('AbortController', AbortController);
  return { __proto__: null, isSignal, reasonOf, whenAborted };
})();
