import type { Suite, Test } from './suite.ts';

/** What the suite wants of its host. `var` and functions, since a test may declare such names itself. */
const host = `
const $host262 = Promise.withResolvers();
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

/** `$DONE` prints: what it printed decides an asynchronous test. */
const awaitDone = `
;{
  const line = await $host262.promise;
  if (line !== 'Test262:AsyncTestComplete') throw line;
}
`;

/**
 * Functions of the harness that make code from strings where they need not. The suite lets a host
 * put its own in their place.
 */
const replacements: Readonly<Record<string, readonly [string, string]>> = {
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

/** The test with all that it needs, as the body of a strict async function. */
export function composeScript(test: Test, suite: Suite): string {
  const { flags, includes } = test.meta;
  if (flags.includes('raw')) return test.source;
  const isAsync = flags.includes('async');
  const names = ['assert.js', 'sta.js', ...(isAsync ? ['doneprintHandle.js'] : []), ...includes];
  const harness = names.map((name) => harnessFile(name, suite));
  return [host, ...harness, test.source, isAsync ? awaitDone : ''].join('\n');
}
