import { describe, expect, test } from 'vitest';
import { bridge } from '../support/public-cases.ts';
import { describeAttempts } from '../support/reach.ts';
import { realms, useRuntime } from '../support/runtime.ts';

describeAttempts({
  'caller, callee and arguments of a function of the host': `
    for (const key of ['caller', 'callee', 'arguments', 'prototype', 'constructor', 'name', 'length', '__proto__', Symbol.hasInstance, Symbol.toPrimitive]) {
      try { keep(hostFunction[key], Object.getOwnPropertyDescriptor(hostFunction, key), Reflect.get(hostFunction, key, {})) } catch (error) { keep(error) }
    }`,
  'the function that a getter or toJSON is called by': `
    const look = function () { try { keep(look.caller) } catch (error) { keep(error) } try { keep(arguments.callee) } catch (error) { keep(error) } keep(this, arguments); return 1 };
    console.log({ get a() { return look() }, toJSON: look, toString: look }, '%s', { toString: look });
    await hostFunction({ toJSON: look }); await hostFunction({ get a() { return look() }, signal: { get aborted() { return look() } } });
    setTimeout(look, 1); queueMicrotask(look); await new Promise((resolve) => setTimeout(resolve, 3));`,
  'calling, applying and binding a function of the host': `
    for (const use of [() => hostFunction.call(null, 'k'), () => hostFunction.apply({}, ['k']), () => hostFunction.bind(globalThis, 'k')(), () => Reflect.apply(hostFunction, hostFunction, { length: 1, get 0() { keep(this); return 'k' } }),
      () => hostFunction.call.call(hostFunction), () => Function.prototype.call.apply(hostFunction, [1, 2]), () => [1].map(hostFunction)[0], () => Array.from({ length: 1 }, hostFunction)[0]]) {
      try { keep(use(), await use()) } catch (error) { keep(error) }
    }`,
  'constructing a function of the host': `
    for (const use of [() => new hostFunction(), () => Reflect.construct(hostFunction, []), () => Reflect.construct(Object, [], hostFunction), () => new (class extends hostFunction {})(),
      () => new Proxy(hostFunction, { construct: () => ({}) }), () => new (hostFunction.bind())()]) {
      try { keep(use()) } catch (error) { keep(error) }
    }`,
  'a function of the host as a callback, a getter and a replacer': `
    for (const use of [() => 'a'.replace(/a/, hostFunction), () => JSON.stringify({ a: 1 }, hostFunction), () => JSON.parse('[1]', hostFunction), () => [2, 1].sort(hostFunction), () => Object.defineProperty({}, 'a', { get: hostFunction }).a,
      () => new Promise(hostFunction), () => Promise.resolve(1).then(hostFunction), () => setTimeout(hostFunction, 0, 1), () => new Proxy({}, { get: hostFunction }).a, () => ({ then: hostFunction }), () => tag\`\${hostFunction}\`]) {
      try { const made = use(); keep(made); await Promise.race([made?.constructor === Promise ? made : 1, new Promise((resolve) => setTimeout(resolve, 3))]) } catch (error) { keep(error) }
    }
    function tag(...parts) { keep(...parts); return parts }`,
  'the source of a function of the host': `
    keep(Function.prototype.toString.call(hostFunction), String(hostFunction), hostFunction + '');
    console.log(hostFunction, '%o', hostFunction, '%O', [hostFunction]);`,
});

describe.each(realms)('in a %s realm, a function of sdk', (realm) => {
  const runtime = useRuntime({ realm, bindings: bridge });
  const value = async (source: string): Promise<unknown> =>
    (await runtime().execute(source)).output['value'];

  test('has a name and a length, and nothing else', async () => {
    expect(
      await value(`const { get } = sdk.cache;
        return [Reflect.ownKeys(get).sort().join(), get.name, Object.isFrozen(get), Object.getPrototypeOf(get) === Function.prototype, 'prototype' in get]`),
    ).toEqual(['length,name', 'get', true, true, false]);
  });

  test.each([
    'sdk.cache.get = 1',
    'sdk.cache.get.x = 1',
    'sdk.cache.more = 1',
    'sdk.more = 1',
    'delete sdk.cache',
    'delete sdk.cache.get',
    'Object.defineProperty(sdk.cache, "get", { value: 1 })',
    'Object.setPrototypeOf(sdk, null)',
    'Object.setPrototypeOf(sdk.cache.get, null)',
    'new sdk.cache.get()',
    'sdk.cache.get.caller.x',
    'sdk.cache.__proto__ = null',
  ])('cannot be changed: %s', async (source) => {
    expect(
      await value(`try { ${source}; return 'changed' } catch (error) { return error.name }`),
    ).toBe('TypeError');
    expect(await value('return typeof await sdk.cache.get()')).toBe('object');
  });

  test('shows nothing of our code', async () => {
    const shown = await value(
      `return [Function.prototype.toString.call(sdk.cache.get), String(sdk.cache.get), (await sdk.cache.get(1n).catch((e) => e)).stack]`,
    );
    expect(JSON.stringify(shown)).not.toMatch(/guest|cloister|node:|file:|\/packages/);
  });
});
