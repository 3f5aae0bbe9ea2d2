import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { realms, useRuntime } from '../support/runtime.ts';

const walker = readFileSync(new URL('../fixtures/walk.js', import.meta.url), 'utf8');
describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const outputOf = async (source: string, input?: unknown) =>
    (await runtime().execute(`${walker}\n${source}`, input, { user: { name: 'u' } })).output;

  /** Makes an error in every way in which the engine or Cloister makes one. */
  const errors = `
  const errors = [];
  const attempt = async (action) => { try { await action() } catch (error) { errors.push(error) } };
  await attempt(() => import('x'));
  await attempt(() => Function('1'));
  await attempt(() => setTimeout('1'));
  await attempt(() => { const deep = () => deep(); deep() });
  await attempt(() => null.x);
  await attempt(() => absent);
  await attempt(() => JSON.parse('{'));
  await attempt(() => new ArrayBuffer(-1));
  await attempt(() => new RegExp('('));
  await attempt(() => decodeURI('%'));
  await attempt(() => BigInt(0.5));
  await attempt(() => Promise.any([]));
  await attempt(() => new Intl.NumberFormat('x-'));
  await attempt(() => clearTimeout({ valueOf() { throw new Error('mine') } }));`;

  describe('from a script', () => {
    test('the walk would find a handle of isolated-vm, and an object of another realm', async () => {
      const { findings } = await outputOf(`
      const foreign = Object.create(null, { hasOwnProperty: { value: 1 } });
      const { findings } = walk({ planted: { deep: [{ applySync: 1 }] }, other: Object.create(foreign) });
      return { findings }`);
      expect(findings).toEqual([
        'other.__proto__ is the Object.prototype of another realm',
        'planted.deep.0.applySync belongs to isolated-vm',
      ]);
    });

    test('nothing of isolated-vm is reachable through globals, ctx, console, errors or promises', async () => {
      const { findings, count } = await outputOf(
        `${errors}
      const sites = [];
      try { Error.prepareStackTrace = (error, stack) => { for (const site of stack) sites.push(site); return '' } } catch {}
      void new Error('sites').stack;
      const made = { toJSON() { void new Error('sites').stack; return 1 } };
      console.log('%o', made, { get a() { void new Error('sites').stack; return 1 } });
      const fromTimer = await new Promise((resolve) => setTimeout(function (...args) {
        void new Error('sites').stack;
        resolve([this, args]);
      }, 1, { given: 1 }));
      const asked = [];
      for (const site of sites) {
        for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(site))) {
          try { asked.push(site[name]()) } catch (error) { asked.push(error) }
        }
      }
      const settled = await Promise.allSettled([import('y'), Promise.reject(ctx), 1]);
      const { findings, seen } = walk({ globalThis, ctx, console, errors, sites, asked, settled,
        fromTimer, timer: setTimeout(() => {}, 1), returned: console.log('x'), arguments });
      return { findings, count: seen.size }`,
        { list: [1, { a: 1 }] },
      );
      expect(findings).toEqual([]);
      expect(count).toBeGreaterThan(1000);
    });

    test('no call site gives away a function or an object of ours', async () => {
      const { output, logs } = await runtime().execute(`
      const given = [];
      const note = (error, stack) => {
        for (const site of stack) {
          for (const name of ['getFunction', 'getThis', 'getEvalOrigin', 'getTypeName']) {
            const value = site[name]();
            if (value !== null && (typeof value === 'object' || typeof value === 'function')) {
              given.push(name + ' of ' + site.getFunctionName());
            }
          }
        }
        return '';
      };
      let asked = true;
      try { Error.prepareStackTrace = note } catch { asked = false }
      const ask = { get [Symbol.toStringTag]() { void new Error().stack; return 'x' },
        toString() { void new Error().stack; return 'x' },
        toJSON() { void new Error().stack; return { given, asked } } };
      console.log('%s %o %j', ask, ask, ask, ask);
      await { then(resolve) { void new Error().stack; resolve() } };
      await new Promise((resolve) => setTimeout(() => { void new Error().stack; resolve() }, 1));
      return ask`);
      expect(output).toEqual({ given: [], asked: realm === 'fresh' });
      expect(logs).toHaveLength(1);
    });

    test('what our code hands to hooks of the script is the script’s own', async () => {
      const { output } = await runtime().execute(`
      ${walker}
      const before = walk({ globalThis, ctx }).seen;
      const { defineProperty } = Object;
      const caught = [];
      let count = 0, listening = false;
      const note = (value) => {
        if (listening && isReference(value) && count < 100_000) {
          defineProperty(caught, count++, { __proto__: null, value, enumerable: true });
        }
      };
      const names = ['value', 'get', 'set', 'writable', 'configurable', 'enumerable', 'thrown', 'line',
        'column', 'cause', 'callback', 'args', 'due', 'id', 'code', 'message', 'constructor', 'then',
        'left', 'next', 'indent', 'post', 'settings', 'name', 'stack', '0', '1', '2', 'toJSON', 'size'];
      for (const name of names) {
        for (const target of [Object.prototype, Array.prototype, Function.prototype, Promise.prototype]) {
          const old = Object.getOwnPropertyDescriptor(target, name);
          if (old?.configurable === false || !Object.isExtensible(target)) continue;
          Object.defineProperty(target, name, {
            __proto__: null,
            configurable: true,
            get() { note(this); return old?.value },
            set(value) {
              note(this); note(value);
              Object.defineProperty(this, name, { __proto__: null, value, writable: true, configurable: true, enumerable: true });
            },
          });
        }
      }
      for (const target of [Map.prototype, Array.prototype, String.prototype, Promise.prototype, Function.prototype, RegExp.prototype]) {
        for (const name of Object.getOwnPropertyNames(target)) {
          const old = Object.getOwnPropertyDescriptor(target, name);
          if (typeof old.value !== 'function' || name === 'constructor' || old.configurable === false) continue;
          const original = old.value;
          Object.defineProperty(target, name, { __proto__: null, configurable: true, writable: true,
            value: function (...args) { note(this); for (let i = 0; i < args.length; i++) note(args[i]); return Reflect.apply(original, this, args) } });
        }
      }
      listening = true;
      const mine = { a: [1, new Map([[1, new Set([2])]])], e: new Error('x'), f() {} };
      console.log('%s %o %j', mine, mine, mine, mine, new Proxy({}, {}), Symbol('s'), 1n);
      const id = setTimeout(() => {}, 1000, mine);
      clearTimeout(id);
      await new Promise((resolve) => setTimeout(resolve, 2, mine));
      listening = false;
      const own = new Set(walk({ mine, note }).seen.keys());
      const { findings, seen } = walk({ caught });
      const ours = [];
      for (const [value, path] of seen) {
        if (typeof value !== 'function' || before.has(value) || own.has(value)) continue;
        const text = Object.getPrototypeOf(() => {}).toString === undefined ? '' : String(value.name);
        if (['post', 'dispatch', 'guest', 'drain', 'start', 'formatLine', 'write', 'fire'].includes(text)) ours.push(path + ' ' + text);
      }
      return { findings, ours, caught: caught.length > 0 }`);
      expect(output).toEqual({ findings: [], ours: [], caught: realm === 'fresh' });
    });
  });

  test('what is said on the stack, and logged of it, names no file or function of ours', async () => {
    const { output, logs } = await runtime().execute(`
    const texts = [];
    const note = () => { texts.push(new Error('mark').stack) };
    const ask = { get [Symbol.toStringTag]() { note(); return 'x' }, toString() { note(); return 'x' },
      toJSON() { note(); return texts } };
    console.log('%s %o %j', ask, ask, ask, ask);
    setTimeout(note, 1);
    await new Promise((resolve) => setTimeout(resolve, 3));
    console.log(new Error('logged'));
    return ask`);
    const lines = [...(output['value'] as string[]), ...logs.map(({ message }) => message)].flatMap(
      (text) => text.split(/\\n|\n/),
    );
    expect(lines.filter((line) => line.includes('script.js:')).length).toBeGreaterThan(5);
    const ours = lines.filter((line) =>
      /cloister|guest|stringifyWithin|node:|file:|worker/.test(line),
    );
    expect(ours.slice(0, 3)).toEqual([]);
  });
});
