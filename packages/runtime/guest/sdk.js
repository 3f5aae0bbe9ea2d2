'use strict';
// `sdk`: the host's functions. A call is a line of text to the worker; its answer comes by
// `dispatch`, in a turn of its own.
guest.sdk = (() => {
  const { addGlobal } = guest.globals;
  const { parse, stringify, stringifyWithin, overBudget } = guest.json;
  const isHardened = guest.settings.realm === 'hardened';
  const { clean } = guest.stack;
  const { isSignal, reasonOf, whenAborted } = guest.abortSignal;
  const { list, push } = guest.list;
  const { bare, uncurryThis } = guest.primordials;
  const { write } = guest.console;
  const { post } = guest.outbox;
  const { set: setClock } = guest.clock;
  const { Error, Map, Promise, RangeError, TypeError } = globalThis;
  const { defineProperty, freeze, hasOwn } = Object;
  const newPromise = uncurryThis(/** @type {any} */ (Promise).withResolvers);
  const withResolvers = () => newPromise(Promise);
  const { isArray } = Array;
  const indexOf = uncurryThis(String.prototype.indexOf);
  const charCodeAt = uncurryThis(String.prototype.charCodeAt);
  const slice = uncurryThis(String.prototype.slice);
  const mapDelete = uncurryThis(Map.prototype.delete);
  const mapGet = uncurryThis(Map.prototype.get);
  const mapSet = uncurryThis(Map.prototype.set);
  const mapClear = uncurryThis(Map.prototype.clear);
  const minus = 45;
  // As in src/protocol/messages.ts.
  const maxArgumentCharacters = 1024 * 1024;
  const maxOpenCalls = 256;
  /** Characters of arguments that are on their way at a time. */
  const maxOpenCharacters = 4 * 1024 * 1024;
  /** Calls that are sent together, at the most. */
  const batchSize = 16;

  // What a script of a fresh realm puts on Object.prototype must not see what is assigned here.
  const Call = bare(
    class {
      isOpen = false;
      isGivenUp = false;
      /** Where the script made it. */
      site = new Error();

      /** @param {number} id @param {string} place @param {string} args @param {any} resolve @param {any} reject */
      constructor(id, place, args, resolve, reject) {
        this.id = id;
        this.place = place;
        this.args = args;
        this.resolve = resolve;
        this.reject = reject;
      }
    },
  );

  /** Calls whose answer has not come, by number. */
  const pending = new Map();
  /** Calls that are sent at the end of the script's synchronous code, as lines of text. */
  let outbox = '';
  let outboxSize = 0;
  let flushing = false;
  /** Calls that wait until others were answered. */
  let backlog = list();
  let backlogStart = 0;
  let openCalls = 0;
  let openCharacters = 0;
  let lastCall = 0;
  let callsLeft = 0;

  const open = (/** @type {number} */ calls) => {
    callsLeft = calls;
  };

  /** Whether a method was called at all, which makes a promise. */
  let used = false;

  /** Forgets every call: the run is over. */
  const clear = () => {
    if (!used) return;
    used = false;
    mapClear(pending);
    outbox = '';
    outboxSize = 0;
    backlog = list();
    backlogStart = 0;
    openCalls = 0;
    openCharacters = 0;
    lastCall = 0;
  };

  const flush = () => {
    if (outboxSize === 0) return;
    const text = outbox;
    outbox = '';
    outboxSize = 0;
    post(`b${text}`);
  };

  // `await` asks nothing that a script can replace.
  const flushSoon = async () => {
    // oxlint-disable-next-line typescript/await-thenable -- only the wait is wanted
    await undefined;
    flushing = false;
    flush();
  };

  const hasRoom = (/** @type {any} */ call) =>
    openCalls === 0 ||
    (openCalls < maxOpenCalls && openCharacters + call.args.length <= maxOpenCharacters);

  const send = (/** @type {any} */ call) => {
    openCalls++;
    openCharacters += call.args.length;
    call.isOpen = true;
    outbox += `\n${call.id} ${call.place} ${call.args}`;
    if (++outboxSize >= batchSize) flush();
    else if (!flushing) {
      flushing = true;
      void flushSoon();
    }
  };

  const sendBacklog = () => {
    while (backlogStart < backlog.length) {
      const call = backlog[backlogStart];
      if (!call.isGivenUp) {
        if (!hasRoom(call)) return;
        send(call);
      }
      delete backlog[backlogStart++];
    }
    if (backlogStart > 0) backlog = list();
    backlogStart = 0;
  };

  /** A call is answered, or nobody waits for its answer any more. */
  const finish = (/** @type {any} */ call) => {
    mapDelete(pending, call.id);
    if (!call.isOpen) return;
    openCalls--;
    openCharacters -= call.args.length;
    sendBacklog();
  };

  const define = (
    /** @type {object} */ target,
    /** @type {string} */ name,
    /** @type {unknown} */ value,
  ) => {
    const property = {
      __proto__: null,
      value,
      writable: true,
      enumerable: false,
      configurable: true,
    };
    defineProperty(target, name, property);
  };

  const framesOf = (/** @type {any} */ site) => {
    try {
      const { stack } = site;
      const start = typeof stack === 'string' ? indexOf(stack, '\n    at ') : -1;
      return start < 0 ? '' : clean(slice(stack, start));
    } catch {
      // In a fresh realm the text of a stack may be the script's affair.
      return '';
    }
  };

  /** An error with the frames of the place where the call was made. */
  const failure = (/** @type {any} */ site, /** @type {any} */ { name, message, code }) => {
    // The name that it inherits is not asked for: in a fresh realm that may be a getter of the script's.
    const error = name === 'TypeError' ? new TypeError(message) : new Error(message);
    if (name !== 'TypeError' && name !== 'Error') define(error, 'name', name);
    define(error, 'code', code);
    define(error, 'stack', `${name}: ${message}${framesOf(site)}`);
    return error;
  };

  /** Calls `visit` for an answer that has come: `+` and JSON, or `-` and an error as JSON. */
  const settle = (/** @type {number} */ id, /** @type {string} */ answer) => {
    const call = mapGet(pending, id);
    if (call === undefined) return;
    finish(call);
    if (call.isGivenUp) return;
    const text = slice(answer, 1);
    if (charCodeAt(answer, 0) === minus) call.reject(failure(call.site, parse(text)));
    else call.resolve(text === '' ? undefined : parse(text));
  };

  /** @param {any[]} args numbers of calls, their answers, and when these came, in turn */
  const answers = (args) => {
    for (let i = 0; i < args.length; i += 3) {
      setClock(args[i + 2]);
      settle(args[i], args[i + 1]);
    }
  };

  /** The last argument's `signal`, which is for us and not for the host. */
  const takeSignal = (/** @type {any[]} */ args) => {
    const last = args.length === 0 ? undefined : args[args.length - 1];
    if (typeof last !== 'object' || last === null || isArray(last)) return undefined;
    if (!hasOwn(last, 'signal')) return undefined;
    const { signal, ...rest } = last;
    if (!isSignal(signal)) return undefined;
    args[args.length - 1] = rest;
    return signal;
  };

  /** What certainly is short as JSON, and runs no code when it is written. */
  const isPlain = (/** @type {any} */ value) =>
    typeof value === 'string'
      ? value.length < 1024
      : typeof value === 'number' || typeof value === 'boolean' || value === null;

  const arePlain = (/** @type {any[]} */ args) => {
    if (args.length > 16) return false;
    for (let i = 0; i < args.length; i++) if (!isPlain(args[i])) return false;
    return true;
  };

  /**
   * The list as JSON, written item by item: in a fresh realm arrays may have a `toJSON`.
   * @param {any[]} args @returns {string}
   */
  const argumentsText = (args, /** @type {string} */ path) => {
    // V8 writes JSON much faster when nobody looks on.
    if (isHardened && arePlain(args)) return stringify(args);
    let text = '[';
    try {
      for (let i = 0; i < args.length; i++) {
        const room = maxArgumentCharacters - text.length - (i === 0 ? 1 : 2);
        const item = stringifyWithin(args[i], room < 0 ? 0 : room) ?? 'null';
        text += i === 0 ? item : `,${item}`;
      }
    } catch (error) {
      if (error !== overBudget) throw error;
      throw tooLong(path);
    }
    if (text.length >= maxArgumentCharacters) throw tooLong(path);
    return `${text}]`;
  };

  const tooLong = (/** @type {string} */ path) =>
    new RangeError(
      `${path}: the arguments take more than ${maxArgumentCharacters} characters as JSON`,
    );

  /** The place of a call that is under way is free when the host has heard of it and said so. */
  const giveUp = (/** @type {any} */ call, /** @type {any} */ signal) => {
    if (mapGet(pending, call.id) === undefined) return;
    call.isGivenUp = true;
    if (call.isOpen) {
      flush();
      post(`a${call.id}`);
    } else {
      finish(call);
    }
    call.reject(reasonOf(signal));
  };

  /** @param {any} method @param {any[]} args */
  const begin = (method, args, /** @type {any} */ resolve, /** @type {any} */ reject) => {
    const signal = takeSignal(args);
    const text = argumentsText(args, method.path);
    if (!method.free && --callsLeft < 0) {
      // The worker ends the run; it need not hear of it twice.
      flush();
      if (callsLeft === -1) post('o');
      return;
    }
    const call = new Call(++lastCall, method.place, text, resolve, reject);
    if (signal !== undefined && !whenAborted(signal, () => giveUp(call, signal))) {
      reject(reasonOf(signal));
      return;
    }
    mapSet(pending, call.id, call);
    if (backlogStart === backlog.length && hasRoom(call)) send(call);
    else push(backlog, call);
  };

  const call = (/** @type {any} */ method, /** @type {any[]} */ args) => {
    used = true;
    const { promise, resolve, reject } = withResolvers();
    try {
      begin(method, args, resolve, reject);
    } catch (error) {
      reject(error);
    }
    return promise;
  };

  /** A function that is called and nothing else: no constructor, no prototype. */
  const hostFunction = (/** @type {any} */ method) =>
    freeze(
      {
        [method.name]: (/** @type {any[]} */ ...args) => call(method, args),
      }[method.name],
    );

  const logFunction = (/** @type {any} */ method) =>
    freeze(
      {
        [method.name]: (/** @type {any[]} */ ...args) => {
          write(method.logLevel, args, method.place);
        },
      }[method.name],
    );

  const sdk = {};
  const bindings = parse(guest.settings.bindings);
  for (let b = 0; b < bindings.length; b++) {
    const { name, global, methods } = bindings[b];
    const binding = {};
    for (let m = 0; m < methods.length; m++) {
      const method = methods[m];
      method.place = `${b} ${m}`;
      method.path = `sdk.${name}.${method.name}`;
      const value = method.logLevel === undefined ? hostFunction(method) : logFunction(method);
      defineProperty(binding, method.name, { value, enumerable: true });
    }
    defineProperty(sdk, name, { value: freeze(binding), enumerable: true });
    if (global) addGlobal(name, binding);
  }
  addGlobal('sdk', freeze(sdk));

  return {
    __proto__: null,
    answers,
    clear,
    flush,
    open,
    isUsed: () => used,
    /** Whether an answer is still to come. */
    isWaiting: () => openCalls > 0,
  };
})();
