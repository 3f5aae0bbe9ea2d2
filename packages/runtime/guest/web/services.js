'use strict';
// What the guest asks the worker for, one string for another (see src/worker/web-services.ts).
guest.services = (() => {
  const { charCodeAt, slice } = guest.webIntrinsics;
  const { ask } = guest;
  const { real: dateNow } = guest.clock;
  const granted = 43;
  const busy = 33;

  /**
   * The worker serves all tenants, so it answers only so much in one turn of its event loop. Until
   * the next one this thread waits on its own run's time.
   */
  const pause = () => {
    const begun = dateNow();
    while (dateNow() === begun);
  };

  /** The answer, or undefined when the worker has none. */
  const request = (/** @type {string} */ operation, /** @type {string} */ text) => {
    for (;;) {
      const answer = ask(operation, text);
      const mark = charCodeAt(answer, 0);
      if (mark === granted) return slice(answer, 1);
      if (mark !== busy) return undefined;
      pause();
    }
  };

  return { __proto__: null, request };
})();
