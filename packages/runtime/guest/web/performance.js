'use strict';
// `performance.now` and `performance.timeOrigin`, in whole milliseconds.
guest.performance = (() => {
  const { addGlobal } = guest.globals;
  const { shape } = guest.webIdl;
  const { TypeError } = globalThis;
  const { now: dateNow } = guest.clock;
  let origin = 0;
  let latest = 0;

  /** Called at the start of each run. */
  const reset = () => {
    origin = dateNow();
    latest = 0;
  };

  /** Milliseconds since the run began. Never goes back, as the date that it is made of may. */
  const now = () => {
    const elapsed = dateNow() - origin;
    if (elapsed > latest) latest = elapsed;
    return latest;
  };

  const key = { __proto__: null };

  /** @type {(value: any) => boolean} */
  let isInstance;

  class Performance {
    #brand = true;
    constructor(/** @type {unknown} */ given) {
      if (given !== key) throw new TypeError('Illegal constructor');
    }
    now() {
      void this.#brand;
      return now();
    }
    get timeOrigin() {
      void this.#brand;
      return origin;
    }
    toJSON() {
      void this.#brand;
      return { timeOrigin: origin };
    }
    static {
      isInstance = (value) => #brand in value;
    }
  }

  shape(Performance, 'Performance', isInstance);
  addGlobal('performance', new Performance(key));
  return { __proto__: null, now, reset };
})();
