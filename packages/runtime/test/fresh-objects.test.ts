import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { endOf, realms, useRuntime } from './support/runtime.ts';

const walker = readFileSync(new URL('./fixtures/walk.js', import.meta.url), 'utf8');
const makers = readFileSync(new URL('./fixtures/makers.js', import.meta.url), 'utf8');

/** Everything that can be reached but ctx, which is new in each run, with its properties as text. */
const describeAll = `
  const lines = [];
  for (const [object, path] of walk({ globalThis, console }).seen) {
    if (path.startsWith('walker')) continue;
    const properties = ownKeys(object).map((key) => {
      const { value, get, set, ...flags } = getOwnPropertyDescriptor(object, key);
      const shown = isReference(value) ? typeof value : String(value);
      return String(key) + ':' + shown + typeof get + typeof set + JSON.stringify(flags);
    });
    const text = typeof object === 'function' ? Reflect.apply(Function.prototype.toString, object, []) : '';
    lines.push([path, Object.isExtensible(object), text, ...properties].join(' '));
  }
  return lines`;

/** Does to everything that can be reached whatever it lets be done. */
const attack = (spared: string) => `
  const { defineProperty, deleteProperty, set, setPrototypeOf, apply } = Reflect;
  const { push } = Array.prototype;
  const all = [...walk({ globalThis, console, ctx }).seen.keys()].filter((o) => o !== ${spared});
  const mine = Symbol.for('left');
  for (let i = 0; i < all.length; i++) {
    const object = all[i];
    try { set(object, 'left', 1) } catch {}
    try { object[mine] = 1 } catch {}
    try { defineProperty(object, 'leftToo', { __proto__: null, value: 1 }) } catch {}
  }
  for (let i = 0; i < all.length; i++) {
    const object = all[i];
    const keys = ownKeys(object);
    for (let k = 0; k < keys.length; k++) {
      try { set(object, keys[k], 'left') } catch {}
      try { defineProperty(object, keys[k], { __proto__: null, value: 'left' }) } catch {}
      try { deleteProperty(object, keys[k]) } catch {}
    }
    try { setPrototypeOf(object, null) } catch {}
  }`;

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const linesOf = async (id: string) => {
    const { output } = await runtime().execute(`${walker}\n${describeAll}`, {}, { tenant: { id } });
    return output['value'] as string[];
  };

  // A tampered RegExp.prototype ends a hardened VM, which would hide what else was left in it.
  const spared = ['undefined', 'RegExp.prototype'];
  test.each(
    spared.flatMap((each) => [
      [each, 'attacker'],
      [each, 'bystander'],
    ]),
  )(
    'no object is changed for the next run by one that changed all it could, save %s (%s)',
    async (except, id) => {
      const before = await linesOf(id);
      expect(before.length).toBeGreaterThan(1000);
      for (let round = 0; round < 2; round++) {
        // How this ends is its own affair: it may well have taken away what it needs to go on.
        await endOf(
          runtime().execute(
            `${walker}\n${attack(except)}`,
            {},
            { tenant: { id: 'attacker' }, limits: { timeoutMs: 5000 } },
          ),
        );
        const after = await linesOf(id);
        const known = new Set(before);
        const changed = after.filter((line) => !known.has(line)).map((line) => line.slice(0, 300));
        expect(changed.slice(0, 3)).toEqual([]);
        expect(after).toHaveLength(before.length);
      }
    },
  );

  const as = (source: string, input: object = {}) =>
    runtime().execute(source, input, { tenant: { id: 'siblings' } });

  test('a mark that one run left on whatever it could make or reach is not there for the next', async () => {
    const everything = `${walker}\n${makers}
      const { made, failed } = makeAll();
      const { seen } = walk({ globalThis, console, ctx, made });`;
    const marked = await as(`${everything}
      let count = 0;
      for (const object of seen.keys()) {
        // A changed RegExp.prototype ends a hardened VM, which would hide what is left in it.
        if (object === RegExp.prototype) continue;
        try { if (Reflect.defineProperty(object, 'leaked', { value: 1 })) count++ } catch {}
      }
      return { count, failed, made: Object.keys(made).length, seen: seen.size }`);
    expect(marked.output['failed']).toEqual([]);
    expect(marked.output['made']).toBeGreaterThan(75);
    expect(marked.output['seen']).toBeGreaterThan(1300);
    expect(marked.output['count']).toBeGreaterThan(200);
    const { output } = await as(`${everything}
      const leaked = [];
      for (const [object, path] of seen) if (Object.hasOwn(object, 'leaked')) leaked.push(path);
      return leaked`);
    expect(output['value']).toEqual([]);
  });

  test('the iterator of URLSearchParams cannot be replaced for the next run', async () => {
    await as(`
      const prototype = Object.getPrototypeOf(new URLSearchParams().entries());
      const { next } = prototype;
      const stolen = [];
      try {
        prototype.next = function () {
          const result = next.call(this);
          if (result.value) stolen.push(result.value);
          return result.done ? result : { done: false, value: ['forged', 'by run 1'] };
        };
        prototype.stolen = stolen;
      } catch {}
      return 1`);
    const bystander = await as('return [...new URLSearchParams(ctx.input.query)]', {
      query: 'token=secret-of-run-2',
    });
    expect(bystander.output['value']).toEqual([['token', 'secret-of-run-2']]);
    const thief = await as(
      'return Object.getPrototypeOf(new URLSearchParams().entries()).stolen ?? null',
    );
    expect(thief.output).toEqual({});
  });

  test('no closure can be left at the accessors of stack for the next run', async () => {
    const accessors = `
      const found = [new Error(''), (() => { try { null.x } catch (error) { return error } })()]
        .map((error) => Object.getOwnPropertyDescriptor(error, 'stack'))
        .flatMap(({ get, set }) => [get, set])
        .filter((accessor) => accessor !== undefined);`;
    await as(`${accessors}
      const kept = [];
      for (const accessor of found) {
        try { accessor.box = (value) => { kept.push(value); return kept } } catch {}
      }
      return found.length`);
    for (const round of ['run 2', 'run 3']) {
      const { output } = await as(
        `${accessors} return found.map(({ box }) => box?.(ctx.input.round) ?? null)`,
        { round },
      );
      expect((output['value'] as unknown[]).filter((kept) => kept !== null)).toEqual([]);
    }
  });
});
