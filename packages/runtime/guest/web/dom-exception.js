'use strict';
// `DOMException`, which several of the web globals throw.
guest.domException = (() => {
  const { addGlobal } = guest.globals;
  const { constants, domString, shape } = guest.webIdl;
  const { Error } = globalThis;
  const { defineProperty, setPrototypeOf } = Object;
  const { construct, deleteProperty } = Reflect;
  const { captureStackTrace } = /** @type {any} */ (Error);

  /** Names that have a number from the time before names, by number. */
  const numbered = {
    __proto__: null,
    1: 'IndexSizeError',
    3: 'HierarchyRequestError',
    4: 'WrongDocumentError',
    5: 'InvalidCharacterError',
    7: 'NoModificationAllowedError',
    8: 'NotFoundError',
    9: 'NotSupportedError',
    10: 'InUseAttributeError',
    11: 'InvalidStateError',
    12: 'SyntaxError',
    13: 'InvalidModificationError',
    14: 'NamespaceError',
    15: 'InvalidAccessError',
    17: 'TypeMismatchError',
    18: 'SecurityError',
    19: 'NetworkError',
    20: 'AbortError',
    21: 'URLMismatchError',
    22: 'QuotaExceededError',
    23: 'TimeoutError',
    24: 'InvalidNodeTypeError',
    25: 'DataCloneError',
  };
  const codes = /** @type {any} */ ({ __proto__: null });
  for (const code in numbered) codes[/** @type {any} */ (numbered)[code]] = +code;

  /** Names of constants that do not follow from the names above. */
  const legacyConstants = /** @type {any} */ ({
    __proto__: null,
    DOMSTRING_SIZE_ERR: 2,
    NO_DATA_ALLOWED_ERR: 6,
    VALIDATION_ERR: 16,
    INUSE_ATTRIBUTE_ERR: 10,
  });
  for (const name in codes) {
    if (name === 'InUseAttributeError') continue;
    const words = name.slice(0, -5).replace(/(?<=[a-z])(?=[A-Z])|(?<=URL)(?=[A-Z])/g, '_');
    legacyConstants[`${words.toUpperCase()}_ERR`] = codes[name];
  }

  const Given = class {
    /** @param {object} object */
    constructor(object) {
      return object;
    }
  };

  /** Puts name and message onto an error, where nothing but this class can read or write them. */
  class Stamp extends Given {
    #name;
    #message;
    constructor(
      /** @type {object} */ error,
      /** @type {string} */ message,
      /** @type {string} */ name,
    ) {
      super(error);
      this.#message = message;
      this.#name = name;
    }
    static name = (/** @type {Stamp} */ error) => error.#name;
    static message = (/** @type {Stamp} */ error) => error.#message;
    static isOn = (/** @type {any} */ value) => #name in value;
  }
  const { name: nameOf, message: messageOf, isOn } = Stamp;

  // An error by its internal slot and an Error by its prototype, though the class, as the standard
  // has it, does not extend Error.
  class DOMException {
    constructor(message = '', name = 'Error') {
      const text = domString(message);
      // V8 begins the stack with the message that the error itself has.
      const error = construct(Error, [text], new.target);
      void new Stamp(error, text, domString(name));
      captureStackTrace(error, DOMException);
      deleteProperty(error, 'message');
      return /** @type {any} */ (error);
    }
    get name() {
      return nameOf(/** @type {any} */ (this));
    }
    get message() {
      return messageOf(/** @type {any} */ (this));
    }
    get code() {
      return codes[nameOf(/** @type {any} */ (this))] ?? 0;
    }
  }
  setPrototypeOf(DOMException.prototype, Error.prototype);
  defineProperty(DOMException, 'length', { value: 0 });

  shape(DOMException, 'DOMException', isOn);
  constants(DOMException, legacyConstants);
  addGlobal('DOMException', DOMException);
  return { __proto__: null, DOMException, isDOMException: isOn, nameOf, messageOf };
})();
