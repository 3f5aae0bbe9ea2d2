import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineBinding } from '../../src/index.ts';
import { recordEvents } from '../support/channels.ts';
import { failure, realms, useRuntime } from '../support/runtime.ts';

const anything = z.array(z.unknown());
const got: unknown[][] = [];
let release: (() => void) | undefined;

const host = defineBinding('host', {
  echo: {
    params: anything,
    cost: 0,
    handler: (_call, ...args) => {
      got.push(args);
      return args;
    },
  },
  /** Copies by assignment, as `Object.assign` does. */
  copy: {
    params: anything,
    handler: (_call, options) => Object.assign({}, options as object & { isAdmin?: boolean }),
  },
  tricky: {
    params: anything,
    handler: () =>
      JSON.parse('{"then":"x","__proto__":{"a":1},"constructor":{"prototype":{"b":1}}}') as unknown,
  },
  deep: { params: anything, handler: () => {} },
  /** What a schema has most to say about. */
  many: {
    params: z.tuple([z.array(z.union([z.object({ a: z.string() }), z.object({ b: z.number() })]))]),
    handler: () => {},
  },
  held: { params: anything, handler: () => new Promise<void>((resolve) => (release = resolve)) },
  forbidden: { params: z.tuple([z.literal('never')]), handler: () => got.push(['forbidden']) },
});

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm, bindings: [host], poolSize: 1, maxVms: 1 });
  const value = async (source: string): Promise<unknown> =>
    (await runtime().execute(source)).output['value'];

  beforeEach(() => {
    got.length = 0;
  });

  describe('a call reaches the host as it was made, and costs no worker, when the script changes', () => {
    test.each([
      ['toJSON of arrays', 'Array.prototype.toJSON = () => ({ a: 1 })'],
      ['toJSON of arrays, to nothing', 'Array.prototype.toJSON = () => undefined'],
      ['toJSON of objects', 'Object.prototype.toJSON = () => "x"'],
      ['toJSON of texts', 'String.prototype.toJSON = () => [1]'],
      ['the iterator of arrays', 'Array.prototype[Symbol.iterator] = function* () { yield 9 }'],
      ['join of arrays', 'Array.prototype.join = () => "[99]"'],
      ['push of arrays', 'Array.prototype.push = () => { throw 1 }'],
      ['set of maps', 'Map.prototype.set = () => {}; Map.prototype.get = () => ({ place: "9 9" })'],
      ['slice of texts', 'String.prototype.slice = () => "-{}"'],
      ['JSON', 'JSON.stringify = () => "[9]"; JSON.parse = () => ({ name: 1 })'],
      [
        'promises',
        'Promise.prototype.then = () => 9; Promise.withResolvers = () => ({}); Promise.resolve = () => 9',
      ],
      [
        'thenables',
        'Object.defineProperty(Object.prototype, "then", { get() { return undefined }, configurable: true })',
      ],
      [
        'the getter of 0',
        'Object.defineProperty(Array.prototype, 0, { set() { throw 1 }, get() { return 9 }, configurable: true })',
      ],
    ])('%s', async (_what, change) => {
      const events = recordEvents();
      const source = `const { echo } = sdk.host; const show = JSON.stringify;
        try { ${change} } catch {}
        let answer; const call = echo(1, 'two', null); answer = await call;
        return 'back'`;
      await runtime()
        .execute(source)
        .catch(() => 0);
      expect(got[0]).toHaveLength(3);
      expect(got[0]![0]).toBe(1);
      expect(events.of('cloister:worker:exit')).toEqual([]);
    });

    test.each([
      'id',
      'place',
      'args',
      'resolve',
      'reject',
      'isOpen',
      'isGivenUp',
      'site',
      'length',
      'value',
      'get',
      'set',
      'promise',
      'signal',
      'name',
      'path',
      'free',
    ])('what objects inherit for %s', async (key) => {
      const events = recordEvents();
      const source = `const seen = [];
          try {
            Object.defineProperty(Object.prototype, ${JSON.stringify(key)}, { configurable: true,
              get() { return undefined },
              set(given) {
                seen.push(typeof given);
                Object.defineProperty(this, ${JSON.stringify(key)}, { __proto__: null, value: '9 9\\n7 9 9 []', writable: true, configurable: true });
              } });
          } catch {}
          const answer = sdk.host.echo(1);
          seen.length = 0;
          const fault = sdk.host.forbidden('x').catch((error) => error.code);
          const texts = [await answer + '', await fault];
          delete Object.prototype[${JSON.stringify(key)}];
          return [texts, seen]`;
      expect(await value(source)).toEqual([['1', 'invalid_arguments'], []]);
      expect(got).toEqual([[1]]);
      expect(events.of('cloister:worker:exit')).toEqual([]);
    });
  });

  test.each([
    ['as it is', `JSON.parse('{"__proto__":{"isAdmin":true}}')`],
    ['deep inside', `{ a: [JSON.parse('{"__proto__":1}')] }`],
    ['beside others', `{ '\\u0001': 1, ...{ ['__proto__']: { isAdmin: true } } }`],
    ['from toJSON', `{ toJSON: () => ({ ['__proto__']: { isAdmin: true } }) }`],
  ])('an argument with the key __proto__ reaches no handler: %s', async (_how, argument) => {
    const source = `try { return await sdk.host.copy(${argument}) } catch (error) {
      return [error instanceof TypeError, error.code, error.message] }`;
    expect(await value(source)).toEqual([
      true,
      'invalid_arguments',
      'sdk.host.copy: the key __proto__ is not allowed in arguments',
    ]);
  });

  test.each([
    ['a list', `Array(300_000).fill(1)`],
    ['lists of objects', `Array(300).fill(Array(300).fill({}))`],
    ['an object', `Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => ['k' + i, i]))`],
  ])('arguments of very many values do not hold up the host: %s', async (_what, argument) => {
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const source = `return await sdk.host.many(${argument}).catch((error) => [error.name, error.code, error.message])`;
    const message = 'sdk.host.many: the arguments have more than 32768 values; make several calls';
    expect(await value(source)).toEqual(['TypeError', 'invalid_arguments', message]);
    clearInterval(timer);
    expect(longest).toBeLessThan(1000);
  });

  test('arguments may have very many levels', async () => {
    const source = `let a = []; for (let i = 0; i < 2000; i++) a = [a]; await sdk.host.deep(a); return 'made'`;
    expect(await value(source)).toBe('made');
  });

  test('__proto__ as a text, and a prototype without the key, are arguments as others are', async () => {
    await value(`return await sdk.host.echo('"__proto__":', { __proto__: { a: 1 }, b: 2 })`);
    expect(got).toEqual([['"__proto__":', { b: 2 }]]);
  });

  test('a getter of the script for the names of errors does not stop the answers', async () => {
    const source = `try {
        Object.defineProperty(Error.prototype, 'name', { get() { throw new Error('mine') } });
        Object.defineProperty(Error, 'prepareStackTrace', { get() { throw new Error('mine') } });
      } catch {}
      const calls = [sdk.host.forbidden(1), sdk.host.echo(2), sdk.host.forbidden(3)];
      return (await Promise.allSettled(calls)).map(({ status }) => status)`;
    expect(await value(source)).toEqual(['rejected', 'fulfilled', 'rejected']);
  });

  test('an answer has the keys that the host gave, as its own, and no other effect', async () => {
    expect(
      await value(`const answer = await sdk.host.tricky();
        return [Object.keys(answer), Object.getPrototypeOf(answer) === Object.prototype, ({}).a === undefined, ({}).b === undefined]`),
    ).toEqual([['then', '__proto__', 'constructor'], true, true, true]);
  });

  test.each([
    ['a proxy of a signal', `new Proxy(AbortSignal.abort(1), {})`],
    ['an object that inherits one', `Object.create(AbortSignal.abort(1))`],
    ['an object with its members', `{ aborted: true, reason: 1, addEventListener() {} }`],
    [
      'a proxy that throws',
      `new Proxy({}, { get() { throw new Error('mine') }, ownKeys() { throw new Error('mine') } })`,
    ],
  ])('what only looks like a signal gives nothing up: %s', async (_what, signal) => {
    const source = `try { await sdk.host.echo({ signal: ${signal} }); return 'made' } catch (error) { return error.message }`;
    expect(['made', 'mine']).toContain(await value(source));
  });

  test('a getter of signal is asked once, and a signal may be aborted while the arguments are written', async () => {
    const source = `let asked = 0; const c = new AbortController();
      const options = { get signal() { asked++; return c.signal }, toJSON() { c.abort('late') } };
      const outcome = await sdk.host.echo(options).catch((reason) => reason);
      const other = { signal: c.signal, get x() { c.abort(); return 1 } };
      return [asked, outcome, await sdk.host.echo(other).catch((reason) => reason)]`;
    expect(await value(source)).toEqual([1, 'late', 'late']);
  });

  test.each([
    ['that a script made for itself', 'sdk.host.echo(1)'],
    [
      'that a getter of the arguments makes',
      'sdk.host.echo({ get a() { void sdk.host.echo(2); return 1 } })',
    ],
    [
      'that toJSON of an argument makes',
      'sdk.host.echo({ toJSON() { void sdk.host.echo(2); return { a: 1 } } })',
    ],
  ])('calls %s have numbers of their own', async (_what, call) => {
    expect(await value(`return JSON.stringify(await ${call})`)).toMatch(/^\[(1|\{"a":1\})\]$/);
  });

  test('an answer that comes after the end of its run runs nothing in the next one', async () => {
    await runtime().execute(
      `sdk.host.held().then(() => { globalThis.late = 1; console.log('late'); sdk.host.echo('late') }); return 1`,
    );
    const next = runtime().execute(
      `await new Promise((resolve) => setTimeout(resolve, 60)); return typeof late`,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    release?.();
    const { output, logs } = await next;
    expect([output, logs, got]).toEqual([{ value: 'undefined' }, [], []]);
  });

  test('calls that a run makes while it ends are its own, or nobody’s', async () => {
    const ending = `Promise.resolve().then(() => sdk.host.echo('micro'));
      setTimeout(() => sdk.host.echo('timer'), 1);
      return { toJSON() { sdk.host.echo('output'); setTimeout(() => sdk.host.echo('after'), 0); return { a: 1 } } }`;
    await runtime().execute(ending);
    await runtime().execute('await new Promise((resolve) => setTimeout(resolve, 20))');
    expect(got.flat().every((name) => name === 'micro' || name === 'output')).toBe(true);
  });

  test.each([
    ['a list without end', `const a = []; a[0] = a; await sdk.host.echo(a)`],
    [
      'a graph that prints to a billion leaves',
      `let a = [1]; for (let i = 0; i < 30; i++) a = [a, a]; await sdk.host.echo(a)`,
    ],
    ['a hole of a billion', `await sdk.host.echo(Array(1e9))`],
    ['a text of a million', `await sdk.host.echo('x'.repeat(2 ** 20))`],
    ['many texts', `await sdk.host.echo(...Array(2000).fill('x'.repeat(1000)))`],
    ['many small ones', `await sdk.host.echo(...Array(100_000).fill('xxxxxxxxxx'))`],
    [
      'raw JSON that is long',
      `await sdk.host.echo(...Array(200).fill(JSON.rawJSON('"' + 'x'.repeat(9000) + '"')))`,
    ],
    [
      'arrays within arrays',
      `let a = []; for (let i = 0; i < 1e5; i++) a = [a]; await sdk.host.echo(a)`,
    ],
    ['a BigInt', `await sdk.host.echo(1n)`],
  ])('arguments that cannot cross are an error of the script: %s', async (_what, source) => {
    const error = await failure(runtime().execute(source));
    expect(['RangeError', 'TypeError']).toContain(error.name);
    expect(got).toEqual([]);
  });

  test('arguments of just a mebi of characters cross, one more does not', async () => {
    const length = 2 ** 20 - 4;
    expect(await value(`return (await sdk.host.echo('x'.repeat(${length})))[0].length`)).toBe(
      length,
    );
    const error = await failure(
      runtime().execute(`await sdk.host.echo('x'.repeat(${length + 1}))`),
    );
    expect(error.message).toMatch(/more than 1048576 characters/);
  });
});
