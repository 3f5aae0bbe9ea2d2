'use strict';
// Makes the realm so that a run can leave nothing behind: every intrinsic is frozen, and the one
// that cannot be is compared after each run.
guest.harden = (() => {
  const { freeze, getOwnPropertyDescriptor, getPrototypeOf, isExtensible } = Object;
  const { deleteProperty, ownKeys } = Reflect;
  const { RegExp } = globalThis;
  const { uncurryThis } = guest.primordials;
  const legacyStatics = ['input', 'lastMatch', 'lastParen', 'leftContext', 'rightContext'];

  /** `RegExp.$1`, `RegExp.input` and the others remember the last match of the realm. */
  const forgetMatches = () => {
    for (const key of ownKeys(RegExp)) {
      if (typeof key === 'string' && (legacyStatics.includes(key) || key.startsWith('$'))) {
        deleteProperty(RegExp, key);
      }
    }
  };

  // V8 leaves its fast path for regular expressions when this object's shape changes, frozen
  // included, so it is watched instead (design, section 11).
  const watched = RegExp.prototype;
  /** @type {readonly (readonly [PropertyKey, PropertyDescriptor])[]} */
  let properties = [];
  let keyCount = 0;
  let parent = null;

  /**
   * What `Error.captureStackTrace` leaves in an object, and the setter of `stack` can replace by
   * anything: it stays when the property is deleted.
   */
  const hiddenStack = uncurryThis(
    /** @type {(this: object) => unknown} */ (
      getOwnPropertyDescriptor(new Error('any'), 'stack')?.get ?? (() => undefined)
    ),
  );

  const remember = () => {
    parent = getPrototypeOf(watched);
    properties = ownKeys(watched).map((key) => [
      key,
      /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(watched, key)),
    ]);
    keyCount = properties.length;
  };

  /** Whether the run left everything as it found it. Reads nothing that a script could replace. */
  const isIntact = () => {
    if (!isExtensible(watched) || getPrototypeOf(watched) !== parent) return false;
    if (hiddenStack(watched) !== undefined) return false;
    const keys = ownKeys(watched);
    if (keys.length !== keyCount) return false;
    for (let i = 0; i < keyCount; i++) {
      const entry = /** @type {readonly [PropertyKey, PropertyDescriptor]} */ (properties[i]);
      // Their order, too, could tell the next run something.
      if (keys[i] !== entry[0]) return false;
      const then = entry[1];
      const now = getOwnPropertyDescriptor(watched, entry[0]);
      if (
        now === undefined ||
        now.value !== then.value ||
        now.get !== then.get ||
        now.set !== then.set ||
        now.writable !== then.writable ||
        now.enumerable !== then.enumerable ||
        now.configurable !== then.configurable
      ) {
        return false;
      }
    }
    return true;
  };

  const harden = () => {
    forgetMatches();
    // What stands behind an override accessor can be had, but not seen, from outside.
    const covered = guest.overrides.allow();
    const { objects, plan } = guest.intrinsics.all(covered, guest.settings.plan);
    for (let i = 0; i < objects.length; i++) {
      const object = objects[i];
      if (object !== watched) freeze(object);
    }
    remember();
    return plan;
  };

  const isHardened = guest.settings.realm === 'hardened';
  const plan = isHardened ? harden() : '';
  // The script is not to find the last match of the guest.
  void /(?:)/.exec('');
  return { __proto__: null, plan, isIntact: isHardened ? isIntact : () => true };
})();
