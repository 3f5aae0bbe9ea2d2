'use strict';
// `queueMicrotask`.
guest.microtask = (() => {
  const { addGlobal } = guest.globals;
  const { report } = guest.uncaught;
  const { requireArguments } = guest.webIdl;
  const { TypeError } = globalThis;

  // `await` takes exactly one microtask and, unlike `then`, asks nothing that a script can replace.
  const runLater = async (/** @type {() => unknown} */ callback) => {
    // oxlint-disable-next-line typescript/await-thenable -- only the wait is wanted
    await undefined;
    try {
      callback();
    } catch (error) {
      report(error);
    }
  };

  /** @param {any} callback */
  const queueMicrotask = function (callback) {
    requireArguments(arguments.length, 1, 'queueMicrotask');
    if (typeof callback !== 'function') throw new TypeError('queueMicrotask takes a function');
    void runLater(callback);
  };

  addGlobal('queueMicrotask', queueMicrotask);
})();
