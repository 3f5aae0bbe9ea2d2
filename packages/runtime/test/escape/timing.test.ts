import { describe, expect, test } from 'vitest';
import { realms, useRuntime } from '../support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm, poolSize: 1, maxVms: 1 });
  const value = async (source: string): Promise<unknown> =>
    (await runtime().execute(source)).output['value'];

  /** The smallest step that a clock makes while it is looked at for 60 ms. */
  const smallestStep = (read: string): string => `let least = Infinity, last = ${read};
    for (const end = Date.now() + 60; Date.now() < end;) {
      const now = ${read};
      if (now > last) { least = Math.min(least, now - last); last = now }
    }
    return least === Infinity ? 1000 : least`;

  test.each([
    'Date.now()',
    'new Date().getTime()',
    'performance.now()',
    'performance.timeOrigin + performance.now()',
    'Number(Temporal.Now.instant().epochNanoseconds / 1000n) / 1000',
    'Number(Temporal.Now.zonedDateTimeISO().epochNanoseconds / 1000n) / 1000',
    'Temporal.Now.plainDateTimeISO().microsecond / 1000',
    'Temporal.Now.plainTimeISO().microsecond / 1000',
    'new Event("x").timeStamp',
  ])('%s has no step below a millisecond', async (read) => {
    expect(await value(smallestStep(read))).toBeGreaterThanOrEqual(0.99);
  });

  test.each([
    'performance.memory',
    'performance.mark',
    'performance.measure',
    'performance.getEntries',
    'performance.eventLoopUtilization',
    'globalThis.hrtime',
    'console.time',
    'console.timeLog',
    'new Event("x").timeStamp % 1 > 0 || undefined',
    'Intl.DateTimeFormat.now',
  ])('%s is no clock', async (read) => {
    expect(await value(`return (${read}) === undefined`)).toBe(true);
  });

  test('the clocks of Temporal are those of V8 in all but that', async () => {
    expect(
      await value(`const { Now } = Temporal; const before = Date.now();
        const at = Now.instant().epochMilliseconds, zoned = Now.zonedDateTimeISO('Asia/Tokyo'), date = Now.plainDateISO('UTC');
        const refused = []; for (const zone of ['x', 1, null]) try { Now.zonedDateTimeISO(zone) } catch (error) { refused.push(error.name) }
        return [at >= before && at <= Date.now(), zoned.timeZoneId, zoned.toPlainDateTime().toString().slice(0, 13) === Now.plainDateTimeISO('Asia/Tokyo').toString().slice(0, 13),
          Now.plainTimeISO('UTC').hour === Now.zonedDateTimeISO('UTC').hour, refused.join(), Now.instant.name, Now.instant.length, Now.plainTimeISO.length, 'prototype' in Now.instant, date.toString() === new Date().toISOString().slice(0, 10)]`),
    ).toEqual([
      true,
      'Asia/Tokyo',
      true,
      true,
      'RangeError,TypeError,TypeError',
      'instant',
      0,
      0,
      false,
      true,
    ]);
  });

  test('shared memory, which makes a clock, is not there', async () => {
    expect(
      await value(`let grown; try { grown = new ArrayBuffer(8, { maxByteLength: 16 }) } catch {}
        return [typeof SharedArrayBuffer, typeof Atomics, typeof WebAssembly, typeof Worker, grown?.constructor === ArrayBuffer]`),
    ).toEqual(['undefined', 'undefined', 'undefined', 'undefined', true]);
  });

  test('performance.now begins with the run, not with the process or the VM', async () => {
    await value('await new Promise((resolve) => setTimeout(resolve, 50)); return 1');
    expect(await value('return performance.now()')).toBeLessThan(30);
  });

  test('a reference that is weak does not tell when garbage is collected within a turn', async () => {
    expect(
      await value(`const refs = Array.from({ length: 100 }, () => new WeakRef({ big: new Array(1000) }));
        for (let i = 0; i < 200; i++) new Array(100_000).fill(i);
        return refs.every((ref) => ref.deref() !== undefined)`),
    ).toBe(true);
  });

  test('a registry of finalizers never calls back, in this run or in the next', async () => {
    const source = `const registry = new FinalizationRegistry(() => console.log('called'));
      for (let i = 0; i < 1000; i++) registry.register({ i }, i);
      for (let i = 0; i < 50; i++) { new Array(100_000).fill(i); await null }
      await new Promise((resolve) => setTimeout(resolve, 5));`;
    for (let run = 0; run < 3; run++) expect((await runtime().execute(source)).logs).toEqual([]);
  });
});
