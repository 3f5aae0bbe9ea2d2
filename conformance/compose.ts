import type { Suite, Test } from './suite.ts';

/** What the suite wants of its host. `var` and functions, since a test may declare such names itself. */
const host262 = `
function print(line) { $host262.resolve(line); }
var $262 = (() => {
  const { transfer } = ArrayBuffer.prototype;
  const { apply } = Reflect;
  return {
    global: globalThis,
    detachArrayBuffer(buffer) { apply(transfer, buffer, [0]); return null; },
  };
})();
`;

/** In the body of a function. */
const host = `
const $host262 = Promise.withResolvers();${host262}`;

/** In a script, which cannot wait: what was printed, or `line`. */
const globalHost = (line: string): string => `
var $host262 = { line: '${line}', resolve(line) { this.line = line; } };${host262}`;

/** `$DONE` prints: what it printed decides an asynchronous test. */
const awaitDone = `
;{
  const line = await $host262.promise;
  if (line !== 'Test262:AsyncTestComplete') throw line;
}
`;

/**
 * Functions of the harness that make code from strings where they need not, or ask whether a global
 * function is a property of the global object. The suite lets a host put its own in their place.
 */
const replacements: Readonly<Record<string, readonly [string, string]>> = {
  'asyncHelpers.js': [
    'Object.prototype.hasOwnProperty.call(globalThis, "$DONE")',
    '(typeof $DONE === "function")',
  ],
  'fnGlobalObject.js': ['Function("return this;")()', 'globalThis'],
  'resizableArrayBufferUtils.js': [
    "new Function('return class My' + type + ' extends ' + type + ' {}')()",
    `{
      Uint8Array: class MyUint8Array extends Uint8Array {},
      Float32Array: class MyFloat32Array extends Float32Array {},
      BigInt64Array: class MyBigInt64Array extends BigInt64Array {},
    }[type]`,
  ],
};

function harnessFile(name: string, suite: Suite): string {
  const text = suite.harness(name);
  const replacement = replacements[name];
  if (replacement === undefined) return text;
  const [original, ours] = replacement;
  if (!text.includes(original)) throw new Error(`harness/${name} does not contain ${original}`);
  return text.replace(original, ours);
}

/** Makes the suite's own error an Error, so that it has a stack. */
const traced = [
  'this.message = message || "";',
  'return Object.setPrototypeOf(new Error(message), Test262Error.prototype);',
] as const;

/** The test with all that it needs, and the lines of it, from 1, that are the test itself. */
export interface Composed {
  readonly source: string;
  readonly firstLine: number;
  readonly lastLine: number;
}

/** The test as the body of a strict async function. */
export function composeScript(test: Test, suite: Suite): Composed {
  const awaits = test.meta.flags.includes('async') ? awaitDone : '';
  return compose(test, suite, host, awaits);
}

/** The same, with a stack for what fails by the suite's own error. For finding the line only. */
export function composeTraced(test: Test, suite: Suite): Composed {
  const composed = composeScript(test, suite);
  return { ...composed, source: composed.source.replace(...traced) };
}

/** The test as a strict global script, which leaves what `$DONE` prints in `$host262.line`. */
export function composeGlobalScript(test: Test, suite: Suite): Composed {
  const line = test.meta.flags.includes('async') ? 'nothing yet' : '';
  return compose(test, suite, `'use strict';${globalHost(line)}`, '');
}

function compose(test: Test, suite: Suite, prelude: string, end: string): Composed {
  const { flags, includes } = test.meta;
  const done = flags.includes('async') ? ['doneprintHandle.js'] : [];
  const names = ['assert.js', 'sta.js', ...done, ...includes];
  const before = flags.includes('raw')
    ? []
    : [prelude, ...names.map((name) => harnessFile(name, suite))];
  const firstLine = 1 + before.reduce((count, text) => count + lineCount(text), 0);
  return {
    source: [...before, test.source, ...(end === '' ? [] : [end])].join('\n'),
    firstLine,
    lastLine: firstLine + lineCount(test.source) - 1,
  };
}

function lineCount(text: string): number {
  return text.split('\n').length;
}
