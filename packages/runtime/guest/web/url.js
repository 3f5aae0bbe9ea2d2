'use strict';
// `URL`: parsed and changed by Node's own in the worker, one question per operation.
guest.url = (() => {
  const { addGlobal } = guest.globals;
  const { showFields } = guest.formatKinds;
  const { request } = guest.services;
  const { ofUrl, replace } = guest.urlSearchParams;
  const { requireArguments, shape, usvString } = guest.webIdl;
  const { indexOf, slice } = guest.webIntrinsics;
  const { RangeError, TypeError } = globalThis;
  /** Characters of a URL, before and after parsing. */
  const longest = 65_536;
  const shown = 200;
  // In the order in which the worker answers.
  const names = /** @type {any} */ ({
    __proto__: null,
    0: 'href',
    1: 'origin',
    2: 'protocol',
    3: 'username',
    4: 'password',
    5: 'host',
    6: 'hostname',
    7: 'port',
    8: 'pathname',
    9: 'search',
    10: 'hash',
  });
  const key = { __proto__: null };

  /** @param {string} answer @returns {UrlParts} */
  const toParts = (answer) => {
    const parts = /** @type {any} */ ({ __proto__: null });
    let from = 0;
    for (let i = 0; i < 11; i++) {
      const end = indexOf(answer, '\n', from);
      parts[names[i]] = end < 0 ? slice(answer, from) : slice(answer, from, end);
      from = end + 1;
    }
    return parts;
  };

  const pack = (
    /** @type {string} */ first,
    /** @type {string} */ second,
    /** @type {string} */ third,
  ) => `${first.length},${second.length}\n${first}${second}${third}`;

  /** @param {string} text @param {string | undefined} base @returns {UrlParts | undefined} */
  const resolve = (text, base) => {
    if (text.length > longest || (base !== undefined && base.length > longest)) return undefined;
    const answer =
      base === undefined ? request('url', text) : request('url-relative', pack(text, base, ''));
    return answer === undefined ? undefined : toParts(answer);
  };

  const refuse = (/** @type {string} */ text, /** @type {string | undefined} */ base) => {
    const long = text.length > longest || (base !== undefined && base.length > longest);
    const against = base === undefined ? '' : ` with base "${slice(base, 0, shown)}"`;
    const why = long ? `Invalid URL, longer than ${longest} characters` : 'Invalid URL';
    return new TypeError(`${why}: "${slice(text, 0, shown)}"${against}`);
  };

  const optional = (/** @type {any} */ base) => (base === undefined ? undefined : usvString(base));

  const changed = (
    /** @type {UrlParts} */ parts,
    /** @type {string} */ property,
    /** @type {any} */ value,
  ) => {
    const text = usvString(value);
    const answer =
      text.length > longest ? undefined : request('url-set', pack(property, parts.href, text));
    if (answer === undefined) {
      throw new RangeError(`a URL must not become longer than ${longest} characters`);
    }
    return toParts(answer);
  };

  /** @type {(value: any) => boolean} */
  let isInstance;

  class URL {
    /** @type {UrlParts} */
    #parts;
    /** @type {any} */
    #params = undefined;

    /** @param {any} url @param {any} base */
    constructor(url, base = undefined) {
      if (url === key) {
        this.#parts = base;
        return;
      }
      requireArguments(arguments.length, 1, 'URL');
      const text = usvString(url);
      const against = optional(base);
      const parts = resolve(text, against);
      if (parts === undefined) throw refuse(text, against);
      this.#parts = parts;
    }

    /** @param {any} url @param {any} base */
    static parse(url, base = undefined) {
      requireArguments(arguments.length, 1, 'URL.parse');
      const parts = resolve(usvString(url), optional(base));
      return parts === undefined ? null : new URL(key, parts);
    }

    /** @param {any} url @param {any} base */
    static canParse(url, base = undefined) {
      requireArguments(arguments.length, 1, 'URL.canParse');
      return resolve(usvString(url), optional(base)) !== undefined;
    }

    get href() {
      return this.#parts.href;
    }
    set href(/** @type {any} */ value) {
      void this.#parts;
      const text = usvString(value);
      const parts = resolve(text, undefined);
      if (parts === undefined) throw refuse(text, undefined);
      this.#parts = parts;
      if (this.#params !== undefined) replace(this.#params, parts.search);
    }
    get origin() {
      return this.#parts.origin;
    }
    get protocol() {
      return this.#parts.protocol;
    }
    set protocol(/** @type {any} */ value) {
      this.#parts = changed(this.#parts, 'protocol', value);
    }
    get username() {
      return this.#parts.username;
    }
    set username(/** @type {any} */ value) {
      this.#parts = changed(this.#parts, 'username', value);
    }
    get password() {
      return this.#parts.password;
    }
    set password(/** @type {any} */ value) {
      this.#parts = changed(this.#parts, 'password', value);
    }
    get host() {
      return this.#parts.host;
    }
    set host(/** @type {any} */ value) {
      this.#parts = changed(this.#parts, 'host', value);
    }
    get hostname() {
      return this.#parts.hostname;
    }
    set hostname(/** @type {any} */ value) {
      this.#parts = changed(this.#parts, 'hostname', value);
    }
    get port() {
      return this.#parts.port;
    }
    set port(/** @type {any} */ value) {
      this.#parts = changed(this.#parts, 'port', value);
    }
    get pathname() {
      return this.#parts.pathname;
    }
    set pathname(/** @type {any} */ value) {
      this.#parts = changed(this.#parts, 'pathname', value);
    }
    get search() {
      return this.#parts.search;
    }
    set search(/** @type {any} */ value) {
      this.#parts = changed(this.#parts, 'search', value);
      if (this.#params !== undefined) replace(this.#params, this.#parts.search);
    }
    get searchParams() {
      return this.#searchParams();
    }
    #searchParams() {
      const { search } = this.#parts;
      this.#params ??= ofUrl(search, (/** @type {string} */ query) => {
        this.#parts = changed(this.#parts, 'search', query);
      });
      return this.#params;
    }
    get hash() {
      return this.#parts.hash;
    }
    set hash(/** @type {any} */ value) {
      this.#parts = changed(this.#parts, 'hash', value);
    }

    toJSON() {
      return this.#parts.href;
    }
    toString() {
      return this.#parts.href;
    }

    static {
      isInstance = (value) => #parts in value;
      showFields(isInstance, (url) => {
        const { search, hash, ...others } = url.#parts;
        return { __proto__: null, ...others, search, searchParams: url.#searchParams(), hash };
      });
    }
  }

  shape(URL, 'URL', isInstance);
  addGlobal('URL', URL);
})();
