import { describe, expect, test } from 'vitest';
import { oneVm } from '../support/realm-audit.ts';
import { useRuntime } from '../support/runtime.ts';

/** The one shared object that is not frozen, so the one that a run could leave something on. */
describe('nothing of a run stays with RegExp.prototype:', () => {
  const runtime = useRuntime(oneVm);
  const stack = `const { get, set } = Object.getOwnPropertyDescriptor(new Error('a'), 'stack');`;

  test('not the order of its keys', async () => {
    const source = 'return Reflect.ownKeys(RegExp.prototype).map(String)';
    const before = await runtime().execute(source);
    await runtime().execute(`
      for (const key of Reflect.ownKeys(RegExp.prototype).toReversed()) {
        const descriptor = Object.getOwnPropertyDescriptor(RegExp.prototype, key);
        delete RegExp.prototype[key];
        Object.defineProperty(RegExp.prototype, key, descriptor);
      }`);
    expect((await runtime().execute(source)).output).toEqual(before.output);
  });

  test('not a stack, whose slot stays when the property is deleted', async () => {
    await runtime().execute(`${stack}
      Error.captureStackTrace(RegExp.prototype);
      set.call(RegExp.prototype, { call: () => 'a function of the first run' });
      delete RegExp.prototype.stack`);
    const { output } = await runtime().execute(`${stack}
      return [RegExp.prototype, /a/].map((object) => get.call(object)?.call())`);
    expect(output).toEqual({ value: [null, null] });
  });

  test('not a property that was there only in the meantime', async () => {
    await runtime().execute(`
      RegExp.prototype.mark = 1;
      delete RegExp.prototype.mark;
      RegExp.prototype.lastIndex = 3;
      delete RegExp.prototype.lastIndex`);
    const { output } = await runtime().execute(`
      return [RegExp.prototype.mark, RegExp.prototype.lastIndex, /a/g.lastIndex].map(String)`);
    expect(output).toEqual({ value: ['undefined', 'undefined', '0'] });
  });
});
