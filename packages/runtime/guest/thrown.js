'use strict';
// Turns whatever was thrown into plain, bounded text. Runs on the script's clock: getters, proxies
// and toString of the thrown value are the script's code.
guest.thrown = (() => {
  const { isHuge, uncurryThis } = guest.primordials;
  const { clean, position } = guest.stack;
  const { inspect } = guest.format;
  const { String } = globalThis;
  const isError = /** @type {(value: unknown) => boolean} */ (/** @type {any} */ (Error).isError);
  const slice = uncurryThis(String.prototype.slice);
  const indexOf = uncurryThis(String.prototype.indexOf);
  const maxText = 16 * 1024;
  const maxCauses = 5;

  /** What to use instead of a name that scripts do not have (design, section 6). */
  const advice = {
    __proto__: null,
    fetch: 'use sdk.http',
    XMLHttpRequest: 'use sdk.http',
    WebSocket: 'use sdk.http',
    EventSource: 'use sdk.http',
    process: 'scripts have no process; what a run may know is in ctx',
    require: 'scripts cannot load modules; paste the code that you need into the script',
    importScripts: 'scripts cannot load modules; paste the code that you need into the script',
    module: 'scripts are not modules; use return for the output',
    exports: 'scripts are not modules; use return for the output',
    __dirname: 'scripts have no file system',
    __filename: 'scripts have no file system',
    eval: 'making code from strings is not available to scripts',
    WebAssembly: 'WebAssembly is not available to scripts',
    SharedArrayBuffer: 'use ArrayBuffer; scripts do not share memory',
    Atomics: 'scripts do not share memory',
    Buffer: 'use Uint8Array',
    window: 'use globalThis',
    self: 'use globalThis',
    global: 'use globalThis',
    document: 'scripts have no document',
    localStorage: 'nothing is kept between runs; use sdk.cache',
    setInterval: 'use setTimeout',
    setImmediate: 'use setTimeout',
  };

  const tooLong = '(too long to be shown)';
  const bounded = (/** @type {string} */ text) => {
    if (isHuge(text)) return tooLong;
    return text.length > maxText ? `${slice(text, 0, maxText)}\u2026` : text;
  };
  /** The frames stand at the end, behind a message of any length. */
  const boundedStack = (/** @type {string} */ text) => {
    if (isHuge(text)) return '';
    return text.length > maxText
      ? `${slice(text, 0, maxText / 2)}\u2026${slice(text, text.length - maxText / 2)}`
      : text;
  };

  /** @param {any} value @param {string} key @param {string} fallback */
  const readText = (value, key, fallback, bound = bounded) => {
    try {
      const text = value[key];
      return typeof text === 'string' ? bound(text) : fallback;
    } catch {
      return fallback;
    }
  };

  const show = (/** @type {unknown} */ value) => {
    try {
      return inspect(value, maxText, clean);
    } catch {
      return 'a value that cannot be shown';
    }
  };

  const frozenAdvice =
    'in the hardened realm built-ins, the global object and what is inherited from them are frozen, see docs/realms.md; realm: "fresh" has its own';
  const isAboutFrozen = (/** @type {string} */ message) =>
    guest.settings.realm === 'hardened' &&
    (indexOf(message, 'object is not extensible') >= 0 ||
      indexOf(message, 'Cannot assign to read only property') >= 0);

  const withAdvice = (/** @type {string} */ name, /** @type {string} */ message) => {
    if (name === 'TypeError' && isAboutFrozen(message)) return `${message}: ${frozenAdvice}`;
    const end = name === 'ReferenceError' ? indexOf(message, ' is not defined') : -1;
    const hint =
      end > 0 ? advice[/** @type {keyof typeof advice} */ (slice(message, 0, end))] : undefined;
    return hint ? `${message}: ${hint}` : message;
  };

  /**
   * Without a prototype: a `toJSON` that a script put on Object.prototype would write our report.
   * @type {(name: string, message: string, stack: string) => GuestThrown}
   */
  const report = (name, message, stack) =>
    /** @type {any} */ ({ __proto__: null, name, message, stack });

  /**
   * A stack begins with name and message, in which the script may have quoted another stack; the frames come
   * after it. The head is empty where the script has changed one of them.
   * @param {any} value @param {string} name @param {string} message
   */
  const readStack = (value, name, message) => {
    // V8 writes the message into the stack when somebody reads it.
    const stack = message === tooLong ? '' : readText(value, 'stack', '', boundedStack);
    const head = message === '' ? name : `${name}: ${message}`;
    if (indexOf(stack, head) !== 0) return { head: '', frames: clean(stack) };
    return { head, frames: clean(slice(stack, head.length)) };
  };

  /** @param {unknown} value @param {number} causesLeft @returns {GuestThrown} */
  const describe = (value, causesLeft = maxCauses) => {
    if (!isError(value)) {
      const message = `thrown value is not an Error: ${show(value)}`;
      return report('ScriptError', message, '');
    }
    const name = readText(value, 'name', 'Error') || 'Error';
    const original = readText(value, 'message', '');
    const message = withAdvice(name, original);
    const { head, frames } = readStack(value, name, original);
    const place = position(frames);
    const advised = message === original ? head : `${name}: ${message}`;
    const thrown = report(name, message, head === '' ? frames : advised + frames);
    if (place !== undefined) {
      thrown.line = place.line;
      thrown.column = place.column;
    }
    try {
      const { cause } = /** @type {Error} */ (value);
      if (cause !== undefined && causesLeft > 0) thrown.cause = describe(cause, causesLeft - 1);
    } catch {
      // A cause that cannot be read is none.
    }
    return thrown;
  };

  return { __proto__: null, describe: (/** @type {unknown} */ value) => describe(value) };
})();
