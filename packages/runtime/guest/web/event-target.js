'use strict';
// `EventTarget`: listeners in the order in which they were added.
guest.eventTarget = (() => {
  const { addGlobal } = guest.globals;
  const { DOMException } = guest.domException;
  const { begin, end, isDispatching, isEvent, isStopped, setPassive, trust, typeOf } = guest.event;
  const { copy, list, push, retain } = guest.list;
  const { report } = guest.uncaught;
  const { dictionary, domString, isObject, requireArguments, shape } = guest.webIdl;
  const { apply } = guest.webIntrinsics;
  const { TypeError } = globalThis;

  /**
   * @typedef {object} Listener
   * @property {string} type
   * @property {any} callback a function, or an object with `handleEvent`
   * @property {boolean} capture
   * @property {boolean} once
   * @property {boolean} passive
   * @property {boolean} removed
   */

  /** @type {(target: any) => GuestList<Listener>} */
  let listenersOf;
  /** @type {(target: any) => boolean} */
  let isEventTarget;
  /** Signals come later and say here how one removes a listener. @type {(signal: any, remove: () => void) => boolean} */
  let whenAborted = () => {
    throw new TypeError('signals are not there yet');
  };

  const captureOf = (/** @type {any} */ options) =>
    isObject(options) ? !!options.capture : !!options;

  const checkCallback = (/** @type {any} */ callback, /** @type {string} */ where) => {
    if (callback !== null && callback !== undefined && !isObject(callback)) {
      throw new TypeError(`${where}: the listener must be a function or an object`);
    }
  };

  const find = (
    /** @type {GuestList<Listener>} */ listeners,
    /** @type {string} */ type,
    /** @type {any} */ callback,
    /** @type {boolean} */ capture,
  ) => {
    for (let i = 0; i < listeners.length; i++) {
      const entry = /** @type {Listener} */ (listeners[i]);
      if (entry.callback === callback && entry.type === type && entry.capture === capture) {
        return entry;
      }
    }
    return undefined;
  };

  const remove = (/** @type {GuestList<Listener>} */ listeners, /** @type {Listener} */ entry) => {
    if (entry.removed) return;
    entry.removed = true;
    retain(listeners, (other) => other !== entry);
  };

  const add = (
    /** @type {GuestList<Listener>} */ listeners,
    /** @type {string} */ type,
    /** @type {any} */ callback,
    /** @type {any} */ options,
  ) => {
    const capture = captureOf(options);
    const given = isObject(options) ? options : dictionary(undefined, '');
    const once = !!given.once;
    const passive = !!given.passive;
    const { signal } = given;
    const nothing = callback === null || callback === undefined;
    if (nothing || find(listeners, type, callback, capture) !== undefined) {
      if (signal !== undefined) whenAborted(signal, () => {});
      return;
    }
    const entry = { __proto__: null, type, callback, capture, once, passive, removed: false };
    // A signal that was aborted before adds nothing.
    if (signal !== undefined && !whenAborted(signal, () => remove(listeners, entry))) return;
    push(listeners, entry);
  };

  const invoke = (
    /** @type {any} */ event,
    /** @type {any} */ target,
    /** @type {Listener} */ { callback },
  ) => {
    try {
      if (typeof callback === 'function') {
        apply(callback, target, [event]);
        return;
      }
      const handle = callback.handleEvent;
      if (typeof handle !== 'function') throw new TypeError('handleEvent is not a function');
      apply(handle, callback, [event]);
    } catch (error) {
      report(error);
    }
  };

  /** Calls the listeners; answers false when one of them prevented the default. */
  const dispatch = (/** @type {any} */ event, /** @type {any} */ target) => {
    const listeners = listenersOf(target);
    const type = typeOf(event);
    const present = copy(listeners);
    begin(event, target);
    // Capturing listeners come first, at the target too.
    for (let pass = 0; pass < 2; pass++) {
      for (let i = 0; i < present.length; i++) {
        const entry = /** @type {Listener} */ (present[i]);
        if (entry.removed || entry.type !== type || entry.capture !== (pass === 0)) continue;
        if (isStopped(event)) break;
        if (entry.once) remove(listeners, entry);
        setPassive(event, entry.passive);
        invoke(event, target, entry);
        setPassive(event, false);
      }
    }
    return end(event);
  };

  class EventTarget {
    #listeners = list();

    /** @param {any} type @param {any} callback @param {any} [options] */
    addEventListener(type, callback, options = undefined) {
      const listeners = this.#listeners;
      requireArguments(arguments.length, 2, 'addEventListener');
      const name = domString(type);
      checkCallback(callback, 'addEventListener');
      add(listeners, name, callback, options);
    }

    /** @param {any} type @param {any} callback @param {any} [options] */
    removeEventListener(type, callback, options = undefined) {
      const listeners = this.#listeners;
      requireArguments(arguments.length, 2, 'removeEventListener');
      const name = domString(type);
      checkCallback(callback, 'removeEventListener');
      const entry = find(listeners, name, callback, captureOf(options));
      if (entry !== undefined) remove(listeners, entry);
    }

    /** @param {any} event */
    dispatchEvent(event) {
      void this.#listeners;
      requireArguments(arguments.length, 1, 'dispatchEvent');
      if (!isObject(event) || !isEvent(event)) throw new TypeError('dispatchEvent takes an Event');
      if (isDispatching(event)) {
        throw new DOMException('the event is being dispatched already', 'InvalidStateError');
      }
      trust(event, false);
      return dispatch(event, this);
    }

    static {
      listenersOf = (target) => target.#listeners;
      isEventTarget = (value) => #listeners in value;
    }
  }

  shape(EventTarget, 'EventTarget', (value) => isEventTarget(value));
  addGlobal('EventTarget', EventTarget);
  return {
    __proto__: null,
    EventTarget,
    add: (/** @type {any} */ target, /** @type {string} */ type, /** @type {any} */ callback) =>
      add(listenersOf(target), type, callback, undefined),
    dispatch,
    /** Called once, while the guest boots. */
    onSignals: (/** @type {typeof whenAborted} */ handler) => {
      whenAborted = handler;
    },
  };
})();
