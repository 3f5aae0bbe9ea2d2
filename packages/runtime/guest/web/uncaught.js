'use strict';
// Where an exception goes that no code of the script can catch: it fails the run, as one thrown in
// a callback of setTimeout does.
guest.uncaught = (() => {
  /** @type {(error: unknown) => void} */
  let fail = () => {};

  return {
    __proto__: null,
    report: (/** @type {unknown} */ error) => fail(error),
    /** Called once, while the guest boots. */
    onReport: (/** @type {(error: unknown) => void} */ handler) => {
      fail = handler;
    },
  };
})();
