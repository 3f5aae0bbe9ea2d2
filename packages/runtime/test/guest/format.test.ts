import { readFileSync } from 'node:fs';
import { runInContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { createRealm, nodeLine, rows } from './format-realm.ts';

/** The arguments of one `console.log` a row, by subject. */
const subjects = (): [subject: string, table: string[]][] => {
  const text = readFileSync(new URL('format-rows.txt', import.meta.url), 'utf8');
  return text
    .split(/^# /m)
    .slice(1)
    .map((section) => {
      const [subject = '', ...table] = rows(section);
      return [subject, table];
    });
};

describe('the printer says what Node says', () => {
  const { line } = createRealm();
  for (const [subject, table] of subjects()) {
    test.each(table)(`about ${subject}: %j`, (args) => {
      expect(line(args)).toBe(nodeLine(args));
    });
  }

  test('of no arguments at all', () => {
    expect(line('')).toBe('');
  });

  test('in a realm whose constructors were taken away', () => {
    const after = `
      for (const f of [() => {}, async () => {}, function* () {}, async function* () {}])
        delete Object.getPrototypeOf(f).constructor;
      for (const owner of [Object, Error, Map])
        Object.defineProperty(owner.prototype, 'constructor', { get: () => owner, configurable: false });
      for (const name of ['SharedArrayBuffer', 'Atomics', 'WebAssembly', 'Intl', 'Temporal']) delete globalThis[name];
    `;
    const hardened = createRealm({ after });
    const args =
      '() => {}, async () => {}, function* () {}, {}, new Map(), framed(new Error("m")), class A {}, "%s"';
    expect(hardened.line(args)).toBe(nodeLine(args));
    expect(hardened.line('"%s", framed(new Error("m"))')).toBe(nodeLine('framed(new Error("m"))'));
  });

  test('in a realm that never had the optional globals', () => {
    const before = `
      for (const name of ['SharedArrayBuffer', 'Atomics', 'WebAssembly', 'Intl', 'Temporal', 'Iterator']) delete globalThis[name];
      delete Error.isError;
    `;
    const args =
      '{ a: [1, new Map([[1, new Uint8Array(2)]])] }, framed(new Error("m")), new ArrayBuffer(1)';
    expect(createRealm({ before }).line(args)).toBe(nodeLine(args));
  });
});

describe('what plain JavaScript cannot see prints differently from Node', () => {
  const { line } = createRealm();
  test.each([
    ['Promise.resolve(1)', 'Promise {}', 'the state of a promise'],
    ['new Proxy({ a: 1 }, {})', '{ a: 1 }', 'that a value is a proxy'],
    ['new Map([[1, 2]]).entries()', 'Object [Map Iterator] {}', 'the rest of an iterator'],
    ['new WeakRef({ a: 1 })', 'WeakRef {}', 'the target of a weak reference'],
  ])('%s is %s: it cannot see %s', (args, expected) => {
    expect(line(args)).toBe(expected);
  });

  test.each([
    [
      '({ [Symbol.for("nodejs.util.inspect.custom")]: () => "mine" })',
      '{\n  Symbol(nodejs.util.inspect.custom): [Function: [nodejs.util.inspect.custom]]\n}',
    ],
    ['"%j", { a: 1n }', '<inspection failed>'],
    ['bare(new Error("x"), { a: 1 })', '[Error: x]'],
    ['"%s", new Uint8Array(2)', 'Uint8Array(2) [ 0, 0 ]'],
    ['class A extends (class Base {}) {}', '[class A extends Base]'],
    ['Object.assign(Array(1e6), { last: 1 })', '[ <1000000 empty items> ]'],
    ['1n << 40000n', '<bigint too long to print>'],
    [
      'Object.defineProperty(class { static a = 1 }, "name", { get: () => 1 })',
      '[class (anonymous)] { a: 1 }',
    ],
  ])('on purpose: %s is %s', (args, expected) => {
    expect(line(args)).toBe(expected);
  });

  test('more than 200 properties are counted', () => {
    const text = line('Object.fromEntries(numbers(203).map((n) => ["k" + n, n]))');
    expect(text).toContain('k199: 199,\n  ... 3 more properties\n}');
  });
});

describe('a line', () => {
  const { context, line } = createRealm();

  test('of one value alone quotes strings too', () => {
    const inspect = (value: string, maxLength: number): unknown =>
      runInContext(`guest.format.inspect(${value}, ${maxLength}, (stack) => stack)`, context);
    expect(inspect('"a"', 100)).toBe("'a'");
    expect(inspect('{ a: "x".repeat(50) }', 30)).toBe("{ a: '… (54 more characters)");
  });

  test('is cut to its length with a count of what is missing', () => {
    expect(line('"x".repeat(100)', 40)).toBe(`${'x'.repeat(15)}… (85 more characters)`);
    expect(line('"%s!", "x".repeat(100)', 40)).toBe(`${'x'.repeat(15)}… (86 more characters)`);
    expect(line('"x".repeat(100)', 100)).toBe('x'.repeat(100));
    expect(line('"abc"', 2)).toBe('…');
    expect(line('"abc"', 0)).toBe('');
  });

  test('is not cut within a character', () => {
    expect(line('"😀".repeat(50)', 41)).toMatch(/^(😀)+… \(\d+ more characters\)$/u);
  });

  test('has only the frames that the caller leaves in', () => {
    expect(line('framed(new Error("m"))', 1000, '(s) => s.split("\\n", 2).join("\\n")')).toBe(
      'Error: m\n    at work (script.js:1:2)',
    );
    expect(line('new Error("m")', 1000, '(s) => s.split("\\n", 1)[0]')).toBe('[Error: m]');
  });

  test('has the native stack of an error, but calls no getter that replaced it', () => {
    expect(line('new Error("m")')).toMatch(/^Error: m\n {4}at /);
    expect(
      line(
        'Object.defineProperty(new Error("m"), "stack", { get() { globalThis.called = 1 } }), globalThis.called',
      ),
    ).toBe('[Error: m] undefined');
  });
});
