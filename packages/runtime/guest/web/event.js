'use strict';
// `Event`: what listeners are given. There is no tree, so an event has one target and no phases.
guest.event = (() => {
  const { addGlobal } = guest.globals;
  const { showFields } = guest.formatKinds;
  const { constants, dictionary, domString, requireArguments, shape } = guest.webIdl;
  const { now } = guest.performance;

  const phases = { __proto__: null, NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 };

  /** @type {EventInternals} */
  let internals;

  class Event {
    #type;
    #bubbles;
    #cancelable;
    #composed;
    #timeStamp = now();
    #trusted = false;
    /** @type {any} */
    #target = null;
    #dispatching = false;
    #passive = false;
    #canceled = false;
    #stopped = false;

    constructor(/** @type {any} */ type, eventInitDict = {}) {
      requireArguments(arguments.length, 1, 'Event');
      this.#type = domString(type);
      const init = dictionary(eventInitDict, 'Event');
      this.#bubbles = !!init.bubbles;
      this.#cancelable = !!init.cancelable;
      this.#composed = !!init.composed;
    }

    get type() {
      return this.#type;
    }
    get target() {
      return this.#target;
    }
    get currentTarget() {
      return this.#dispatching ? this.#target : null;
    }
    get eventPhase() {
      return this.#dispatching ? phases.AT_TARGET : phases.NONE;
    }
    get bubbles() {
      return this.#bubbles;
    }
    get cancelable() {
      return this.#cancelable;
    }
    get defaultPrevented() {
      return this.#canceled;
    }
    get composed() {
      return this.#composed;
    }
    get isTrusted() {
      return this.#trusted;
    }
    get timeStamp() {
      return this.#timeStamp;
    }

    composedPath() {
      return this.#dispatching ? [this.#target] : [];
    }
    preventDefault() {
      if (this.#cancelable && !this.#passive) this.#canceled = true;
    }
    /** Without a tree there is nowhere for an event to go on to. */
    stopPropagation() {
      void this.#type;
    }
    stopImmediatePropagation() {
      this.#stopped = true;
    }

    static {
      showFields(
        (value) => #type in value,
        (event) => ({
          __proto__: null,
          type: event.#type,
          defaultPrevented: event.#canceled,
          cancelable: event.#cancelable,
          timeStamp: event.#timeStamp,
        }),
      );
      internals = {
        isEvent: (value) => #type in value,
        isDispatching: (event) => event.#dispatching,
        typeOf: (event) => event.#type,
        isStopped: (/** @type {Event} */ event) => event.#stopped,
        trust: (event, trusted) => {
          event.#trusted = trusted;
        },
        begin: (event, target) => {
          event.#dispatching = true;
          event.#target = target;
        },
        setPassive: (event, passive) => {
          event.#passive = passive;
        },
        end: (event) => {
          event.#dispatching = false;
          event.#stopped = false;
          return !event.#canceled;
        },
      };
    }
  }

  shape(Event, 'Event', internals.isEvent);
  constants(Event, phases);
  addGlobal('Event', Event);
  return { __proto__: null, Event, ...internals };
})();
