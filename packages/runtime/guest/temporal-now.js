'use strict';
// `Temporal.Now` in whole milliseconds, as all clocks of a script are: V8's shows a microsecond, which
// is enough to tell what other VMs of the machine do to the caches.
(() => {
  const { Temporal } = /** @type {any} */ (globalThis);
  if (Temporal === undefined) return;
  const { uncurryThis } = guest.primordials;
  const { defineProperty } = Object;
  const dateNow = Date.now;
  const { Instant, Now, ZonedDateTime } = Temporal;
  const { timeZoneId } = Now;
  const { fromEpochMilliseconds } = Instant;
  const toZoned = uncurryThis(Instant.prototype.toZonedDateTimeISO);
  const toPlainDateTime = uncurryThis(ZonedDateTime.prototype.toPlainDateTime);
  const toPlainTime = uncurryThis(ZonedDateTime.prototype.toPlainTime);

  const instant = () => fromEpochMilliseconds(dateNow());
  const zoned = (/** @type {any} */ timeZone) =>
    toZoned(instant(), timeZone === undefined ? timeZoneId() : timeZone);

  const clocks = {
    __proto__: null,
    instant: () => instant(),
    plainDateTimeISO: (/** @type {any} */ timeZone = undefined) => toPlainDateTime(zoned(timeZone)),
    plainTimeISO: (/** @type {any} */ timeZone = undefined) => toPlainTime(zoned(timeZone)),
    zonedDateTimeISO: (/** @type {any} */ timeZone = undefined) => zoned(timeZone),
  };
  for (const name in clocks) {
    defineProperty(Now, name, { value: clocks[/** @type {keyof typeof clocks} */ (name)] });
  }
})();
