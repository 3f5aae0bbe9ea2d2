import { describe, expect, test } from 'vitest';
import { failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const outputOf = async (source: string) => (await runtime().execute(source)).output;
  const wait = (ms: number) => `await new Promise((resolve) => setTimeout(resolve, ${ms}));`;

  describe('setTimeout', () => {
    test('calls back in the order of the delays, and of the calls where they are equal', async () => {
      const source = `const order = [];
      for (const [name, delay] of [['c', 60], ['a', 5], ['d', 60], ['b', 30], ['e', 90]])
        setTimeout(() => order.push(name), delay);
      ${wait(150)} return order.join('')`;
      expect(await outputOf(source)).toEqual({ value: 'abcde' });
    });

    test('does not call back before its delay, as the clock of the script says', async () => {
      const source = `const begun = Date.now(); ${wait(50)} return Date.now() - begun`;
      const { value } = await outputOf(source);
      expect(value).toBeGreaterThanOrEqual(49);
      expect(value).toBeLessThan(10_000);
    });

    test('hands on its arguments, and no this', async () => {
      const source = `return await new Promise((resolve) =>
      setTimeout(function (...args) { resolve([this === undefined, ...args]) }, 1, 'a', 2, { c: 3 }))`;
      expect(await outputOf(source)).toEqual({ value: [true, 'a', 2, { c: 3 }] });
    });

    test('comes after what is synchronous, and after microtasks', async () => {
      const source = `const order = [];
      const last = new Promise((resolve) => setTimeout(() => { order.push('timer'); resolve() }, 0));
      Promise.resolve().then(() => order.push('microtask'));
      order.push('synchronous');
      await last; return order`;
      expect(await outputOf(source)).toEqual({ value: ['synchronous', 'microtask', 'timer'] });
    });

    test('lets the microtasks of one callback run before the next', async () => {
      const source = `const order = [];
      for (const n of [1, 2, 3]) setTimeout(() => { order.push(n); Promise.resolve().then(() => order.push(-n)) }, 5);
      ${wait(30)} return order`;
      expect(await outputOf(source)).toEqual({ value: [1, -1, 2, -2, 3, -3] });
    });

    test('nests', async () => {
      const source = `const order = [];
      await new Promise((resolve) => setTimeout(() => { order.push(1);
        setTimeout(() => { order.push(3); setTimeout(() => { order.push(4); resolve() }, 1) }, 5);
        setTimeout(() => order.push(2), 1) }, 1));
      return order`;
      expect(await outputOf(source)).toEqual({ value: [1, 2, 3, 4] });
    });

    test.each([
      '0',
      '-1',
      '-Infinity',
      'NaN',
      'undefined',
      'null',
      '"x"',
      '"5"',
      '1.5',
      'Infinity',
      '2 ** 31',
      '2 ** 53',
      '{}',
      '[]',
      'true',
    ])('takes a delay of %s as Node does: soon', async (delay) => {
      const source = `return await new Promise((resolve) => {
        setTimeout(() => resolve('late'), 20_000);
        setTimeout(() => resolve('soon'), ${delay});
      })`;
      expect(await outputOf(source)).toEqual({ value: 'soon' });
    });

    test.each(['2 ** 31 - 1', '86_400_000'])('waits for a delay of %s', async (delay) => {
      const source = `return await new Promise((resolve) => {
      setTimeout(() => resolve('first'), ${delay});
      setTimeout(() => resolve('second'), 20);
    })`;
      expect(await outputOf(source)).toEqual({ value: 'second' });
    });

    test.each(['"code()"', 'undefined', 'null', '{}', '1', 'Symbol()'])(
      'refuses %s as a callback',
      async (callback) => {
        const error = await failure(runtime().execute(`setTimeout(${callback}, 1)`));
        expect(error).toMatchObject({ code: 'script_error', name: 'TypeError' });
        expect(error.message).toMatch(/function/);
      },
    );

    test('gives a new id each time', async () => {
      const source = `const ids = Array.from({ length: 100 }, () => setTimeout(() => {}));
      return [new Set(ids).size, ids.every((id) => id)]`;
      expect(await outputOf(source)).toEqual({ value: [100, true] });
    });

    test('handles thousands of timers, in order', async () => {
      const source = `const order = [];
      for (let i = 0; i < 3000; i++) setTimeout(() => order.push(i), (i * 7919) % 40 + 1);
      while (order.length < 3000) ${wait(10)}
      const delay = (i) => (i * 7919) % 40 + 1;
      return [order.length, new Set(order).size,
        order.filter((n, at) => at > 0 && delay(n) < delay(order[at - 1])).length]`;
      const { value } = await outputOf(source);
      const [length, distinct, misplaced] = value as number[];
      expect([length, distinct]).toEqual([3000, 3000]);
      // Setting them takes time itself, so neighbours may change places; a heap in disorder has half of all.
      expect(misplaced).toBeLessThan(1000);
    });
  });

  describe('clearTimeout', () => {
    test('takes a timer back, also from within an earlier one', async () => {
      const source = `const fired = [];
      const a = setTimeout(() => fired.push('a'), 5);
      const c = setTimeout(() => fired.push('c'), 20);
      setTimeout(() => { fired.push('b'); clearTimeout(c) }, 10);
      clearTimeout(a); clearTimeout(a);
      ${wait(50)} return fired`;
      expect(await outputOf(source)).toEqual({ value: ['b'] });
    });

    test('takes back the one that is due at the same time', async () => {
      const source = `const fired = [];
      let second;
      setTimeout(() => { fired.push(1); clearTimeout(second) }, 5);
      second = setTimeout(() => fired.push(2), 5);
      ${wait(30)} return fired`;
      expect(await outputOf(source)).toEqual({ value: [1] });
    });

    test.each([
      '',
      'undefined',
      'null',
      '-1',
      '1e9',
      'NaN',
      '"x"',
      '{}',
      '10n',
      'Symbol()',
      '{ valueOf() { throw 1 } }',
    ])('does nothing about what is no timer: %s', async (id) => {
      const source = `let fired = 0; setTimeout(() => fired++, 1); clearTimeout(${id}); ${wait(10)} return fired`;
      expect(await outputOf(source)).toEqual({ value: 1 });
    });

    test('makes a run that waited for the timer one that waits for nothing', async () => {
      const error = await failure(
        runtime().execute(
          'await new Promise((resolve) => { clearTimeout(setTimeout(resolve, 10)) })',
          {},
          { limits: { timeoutMs: 1500 } },
        ),
      );
      expect(error.code).toBe('timeout');
      expect(error.message).toMatch(/nothing could settle/);
    });
  });

  describe('a timer that is pending when the script returns', () => {
    test('does not keep the run going', async () => {
      const { output, usage } = await runtime().execute('setTimeout(() => {}, 20_000); return 1');
      expect(output).toEqual({ value: 1 });
      expect(usage.wallMs).toBeLessThan(15_000);
    });

    test('does not fire later, neither seen nor heard', async () => {
      const heard: string[] = [];
      const tenant = { id: 'later' };
      const { logs } = await runtime().execute(
        'setTimeout(() => { console.log("late"); throw new Error("late") }, 5); return 1',
        {},
        { tenant, onLog: ({ message }) => heard.push(message) },
      );
      const next = await runtime().execute(`${wait(50)} return 2`, {}, { tenant });
      expect(next).toMatchObject({ output: { value: 2 }, logs: [] });
      expect(logs).toEqual([]);
      expect(heard).toEqual([]);
    });
  });

  test('timers keep working whatever the script did to the built-ins', async () => {
    const source = `
    const { setTimeout, Promise } = globalThis;
    for (const name of ['Map', 'Date', 'Number', 'TypeError']) Reflect.deleteProperty(globalThis, name);
    for (const owner of [Array.prototype, Object.prototype]) for (const key of [0, 1, 'due', 'id', 'callback', 'args'])
      Reflect.defineProperty(owner, key, { get() { return 'stolen' }, set() { throw 'stolen' }, configurable: true });
    const fired = { __proto__: null, list: '' };
    setTimeout(() => { fired.list += 'b' }, 15);
    setTimeout(() => { fired.list += 'a' }, 5);
    await new Promise((resolve) => setTimeout(resolve, 40));
    return fired.list`;
    expect(await outputOf(source)).toEqual({ value: 'ab' });
  });
});
