'use strict';
// What a tenant sees of a stack: the frames of its own file.
guest.stack = (() => {
  const { uncurryThis } = guest.primordials;
  const indexOf = uncurryThis(String.prototype.indexOf);
  const slice = uncurryThis(String.prototype.slice);
  const charCodeAt = uncurryThis(String.prototype.charCodeAt);
  const { scriptName, guestName } = guest.settings;
  const { defineProperty, getPrototypeOf } = Object;
  const { isSafeInteger } = Number;
  const isDigit = (/** @type {number} */ code) => code >= 48 && code <= 57;

  /** Index of `file:line:column` in a stack line, or -1. */
  const placeOf = (/** @type {string} */ line) => {
    const at = indexOf(line, `${scriptName}:`);
    return at >= 0 && isDigit(charCodeAt(line, at + scriptName.length + 1)) ? at : -1;
  };

  /** A frame that says nothing about us: of the script's file, or of a built-in. */
  const isFrame = (/** @type {string} */ line) => indexOf(line, '    at ') === 0;
  const isBuiltIn = (/** @type {string} */ line) => indexOf(line, ' (<anonymous>)') > 0;

  /** Calls `visit` with each line until it answers false. */
  const eachLine = (
    /** @type {string} */ text,
    /** @type {(line: string) => boolean | void} */ visit,
  ) => {
    let from = 0;
    for (;;) {
      const end = indexOf(text, '\n', from);
      if (visit(end < 0 ? slice(text, from) : slice(text, from, end)) === false || end < 0) return;
      from = end + 1;
    }
  };

  /** Leaves out every frame that is neither the script's nor a built-in called by it. */
  const clean = (/** @type {string} */ stack) => {
    let kept = '';
    let builtIns = '';
    let first = true;
    eachLine(stack, (line) => {
      if (!isFrame(line)) {
        kept += first ? line : `\n${line}`;
      } else if (placeOf(line) >= 0) {
        kept += `${builtIns}\n${line}`;
        builtIns = '';
      } else if (isBuiltIn(line)) {
        // Shown only when a frame of the script called it.
        builtIns += `\n${line}`;
      } else {
        builtIns = '';
      }
      first = false;
    });
    return kept;
  };

  /** Reads digits at `from`; NaN when there is none. */
  const numberAt = (/** @type {string} */ text, /** @type {number} */ from) => {
    let value = NaN;
    for (let i = from; isDigit(charCodeAt(text, i)); i++) {
      value = (value === value ? value * 10 : 0) + (charCodeAt(text, i) - 48);
    }
    return value;
  };

  /** Line and column of the innermost frame in the script. */
  const position = (/** @type {string} */ stack) => {
    /** @type {{ line: number, column: number } | undefined} */
    let found;
    eachLine(stack, (line) => {
      const at = isFrame(line) ? placeOf(line) : -1;
      if (at < 0) return true;
      const row = at + scriptName.length + 1;
      const place = {
        line: numberAt(line, row),
        column: numberAt(line, indexOf(line, ':', row) + 1),
      };
      // A stack that the script wrote itself may say anything.
      if (isSafeInteger(place.line) && isSafeInteger(place.column)) found = place;
      return false;
    });
    return found;
  };

  // V8 asks this for the text of a stack. Frames of the guest lie between those of the script where
  // it calls back, as in a `toJSON`; they are left out before anybody sees them.
  const { captureStackTrace, prototype: errorPrototype } = /** @type {any} */ (Error);
  const errorToString = uncurryThis(errorPrototype.toString);
  const siteMethods = (() => {
    /** @type {any} */
    let sites;
    defineProperty(Error, 'prepareStackTrace', {
      value: (/** @type {unknown} */ _error, /** @type {any[]} */ all) => {
        sites = all;
      },
      configurable: true,
    });
    const probe = {};
    captureStackTrace(probe);
    void (/** @type {{ stack?: unknown }} */ (probe).stack);
    const prototype = getPrototypeOf(sites[0]);
    return {
      file: uncurryThis(prototype.getScriptNameOrSourceURL),
      text: uncurryThis(prototype.toString),
    };
  })();
  const prepareStackTrace = (/** @type {unknown} */ error, /** @type {any} */ sites) => {
    let text;
    try {
      text = errorToString(error);
    } catch {
      text = '<error>';
    }
    for (let i = 0; i < sites.length; i++) {
      const site = sites[i];
      if (siteMethods.file(site) !== guestName) text += `\n    at ${siteMethods.text(site)}`;
    }
    return text;
  };
  defineProperty(Error, 'prepareStackTrace', {
    value: prepareStackTrace,
    writable: true,
    enumerable: false,
    configurable: true,
  });

  return { __proto__: null, clean, position };
})();
