'use strict';
// The clock of a run. It is set from outside at the beginning of each turn and stands still through
// the short ones, so that a run which has to be repeated meets the same times again.
guest.clock = (() => {
  const { apply, construct } = Reflect;
  const { defineProperty } = Object;
  const { uncurryThis } = guest.primordials;
  const RealDate = Date;
  const real = RealDate.now;
  const toText = uncurryThis(RealDate.prototype.toString);
  /** Within a turn the clock goes on after so many milliseconds: a script may wait for it to. */
  const standsStillFor = 10;
  let turn = 0;
  let entered = 0;
  let latest = 0;

  /** Sets the clock; it never goes back. */
  const set = (/** @type {number} */ time) => {
    turn = time > latest ? time : latest;
    latest = turn;
    entered = real();
  };

  /** Milliseconds since 1970, by the clock of the run. */
  const now = () => {
    const elapsed = real() - entered;
    if (elapsed >= standsStillFor && turn + elapsed > latest) latest = turn + elapsed;
    return latest;
  };

  const start = (/** @type {number} */ time) => {
    latest = 0;
    set(time);
  };

  // A proxy looks like the function that it stands for, down to its text.
  const GuestDate = new Proxy(RealDate, {
    apply: () => toText(new RealDate(now())),
    construct: (target, args, newTarget) =>
      construct(target, args.length === 0 ? [now()] : args, newTarget),
  });
  const replace = (
    /** @type {object} */ owner,
    /** @type {string} */ name,
    /** @type {unknown} */ value,
  ) => {
    defineProperty(owner, name, { value });
  };
  replace(RealDate, 'now', new Proxy(real, { apply: () => now() }));
  replace(RealDate.prototype, 'constructor', GuestDate);
  replace(globalThis, 'Date', GuestDate);

  const { Temporal } = /** @type {any} */ (globalThis);
  if (Temporal !== undefined) {
    const { Now, Instant } = Temporal;
    const { fromEpochMilliseconds } = Instant;
    const { timeZoneId } = Now;
    const toZoned = uncurryThis(Instant.prototype.toZonedDateTimeISO);
    const zonedPrototype = Temporal.ZonedDateTime.prototype;
    const instant = () => apply(fromEpochMilliseconds, Instant, [now()]);
    const zoned = (/** @type {any[]} */ args) =>
      toZoned(instant(), args[0] === undefined ? timeZoneId() : args[0]);
    const replaceNow = (
      /** @type {string} */ name,
      /** @type {(args: any[]) => unknown} */ answer,
    ) =>
      replace(Now, name, new Proxy(Now[name], { apply: (_target, _self, args) => answer(args) }));
    replaceNow('instant', instant);
    replaceNow('zonedDateTimeISO', zoned);
    for (const name of ['PlainDateTime', 'PlainDate', 'PlainTime']) {
      const convert = uncurryThis(zonedPrototype[`to${name}`]);
      replaceNow(`p${name.slice(1)}ISO`, (args) => convert(zoned(args)));
    }
  }

  return { __proto__: null, now, real, set, start };
})();
