import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A test of the tiny suite: its metadata, its code, and what the runner is to make of it. */
interface Sample {
  readonly meta: string;
  readonly code: string;
  readonly verdict: 'passed' | 'failed' | 'different' | 'skipped';
}

const harness = {
  'assert.js': `function assert(value, message) { if (!value) throw new Test262Error(message); }`,
  'sta.js': `function Test262Error(message) { this.message = message || ""; }
    function $DONOTEVALUATE() { throw 'evaluated'; }`,
  'doneprintHandle.js': `function $DONE(error) {
    print(error ? 'Test262:AsyncTestFailure:' + error : 'Test262:AsyncTestComplete'); }`,
  'asyncHelpers.js': `function asyncTest(test) {
    if (!Object.prototype.hasOwnProperty.call(globalThis, "$DONE")) throw new Test262Error();
    test().then(() => $DONE(), $DONE); }`,
  'twice.js': 'function twice(number) { return 2 * number; }',
  'fnGlobalObject.js': `var __globalObject = Function("return this;")();
    function fnGlobalObject() { return __globalObject; }`,
};

/** One sample for each flag, phase and path of the runner, by its path below `test/`. */
export const samples: Readonly<Record<string, Sample>> = {
  'language/plain/passes.js': { meta: '', code: 'assert(1 + 1 === 2);', verdict: 'passed' },
  'language/plain/fails-everywhere.js': {
    meta: 'description: says what is not so',
    code: 'assert(1 + 1 === 3);',
    verdict: 'failed',
  },
  'language/plain/differs.js': {
    meta: 'description: needs what scripts have not, without saying so',
    code: 'assert(typeof SharedArrayBuffer === "function");',
    verdict: 'different',
  },
  'language/plain/unparsable.js': { meta: '', code: 'var = ;', verdict: 'failed' },
  'language/body/this-is-global.js': {
    meta: '',
    code: 'assert(this === globalThis);',
    verdict: 'failed',
  },
  'built-ins/frozen/adds.js': {
    meta: '',
    code: 'Array.prototype.last = 1;',
    verdict: 'different',
  },
  'built-ins/frozen/adds-by-another-name.js': {
    meta: '',
    code: 'const held = Array.prototype;\nheld.last = 1;',
    verdict: 'different',
  },
  'language/flags/only-strict.js': {
    meta: 'flags: [onlyStrict]',
    code: 'assert(this === undefined);',
    verdict: 'passed',
  },
  'language/flags/no-strict.js': {
    meta: 'flags: [noStrict]',
    code: 'assert(this !== undefined);',
    verdict: 'skipped',
  },
  'language/flags/module.js': {
    meta: 'flags: [module]',
    code: 'export default 1;',
    verdict: 'skipped',
  },
  'language/flags/agent.js': {
    meta: 'flags: [CanBlockIsFalse]',
    code: 'assert(true);',
    verdict: 'skipped',
  },
  'language/flags/raw.js': {
    meta: 'flags: [raw]',
    code: 'if (typeof assert !== "undefined") throw 1;',
    verdict: 'passed',
  },
  'language/async/passes.js': {
    meta: 'flags: [generated, async]',
    code: 'Promise.resolve().then(() => $DONE(), $DONE);',
    verdict: 'passed',
  },
  'language/async/fails.js': {
    meta: 'flags:\n  - async',
    code: 'Promise.reject(1).then(() => $DONE(), $DONE);',
    verdict: 'failed',
  },
  'language/async/helpers.js': {
    meta: 'flags: [async]\nincludes: [asyncHelpers.js]',
    code: 'asyncTest(async () => {});',
    verdict: 'passed',
  },
  'language/async/never-done.js': { meta: 'flags: [async]', code: '', verdict: 'failed' },
  'language/negative/parse.js': {
    meta: 'negative:\n  phase: parse\n  type: SyntaxError',
    code: '$DONOTEVALUATE();\nlet a, a;',
    verdict: 'passed',
  },
  'language/negative/parses.js': {
    meta: 'negative:\n  phase: parse\n  type: SyntaxError',
    code: 'let a, b;',
    verdict: 'failed',
  },
  'language/negative/runtime.js': {
    meta: 'negative:\n  phase: runtime\n  type: TypeError',
    code: 'null.property;',
    verdict: 'passed',
  },
  'language/negative/runtime-no-error.js': {
    meta: 'negative:\n  phase: runtime\n  type: Test262Error',
    code: 'throw new Test262Error("so");',
    verdict: 'passed',
  },
  'language/negative/runtime-of-another-kind.js': {
    meta: 'negative:\n  phase: runtime\n  type: RangeError',
    code: 'null.property;',
    verdict: 'failed',
  },
  'language/negative/resolution.js': {
    meta: 'negative:\n  phase: resolution\n  type: SyntaxError',
    code: '',
    verdict: 'skipped',
  },
  'built-ins/harness/includes.js': {
    meta: 'includes: [twice.js, fnGlobalObject.js]',
    code: 'assert(twice(2) === 4); assert(fnGlobalObject() === globalThis);',
    verdict: 'passed',
  },
  'built-ins/harness/detaches.js': {
    meta: '',
    code: 'const a = new ArrayBuffer(8); $262.detachArrayBuffer(a); assert(a.detached);',
    verdict: 'passed',
  },
  'built-ins/absent/feature.js': {
    meta: 'features: [Symbol, Atomics]',
    code: 'Atomics.pause();',
    verdict: 'skipped',
  },
  'built-ins/absent/realm.js': {
    meta: '',
    code: 'const other = $262.createRealm().global;',
    verdict: 'skipped',
  },
  'built-ins/absent/eval.js': { meta: '', code: '(0, eval)("1");', verdict: 'skipped' },
  'built-ins/absent/function.js': { meta: '', code: 'new Function("1")();', verdict: 'skipped' },
  'built-ins/absent/in-prose-only.js': {
    meta: 'info: eval(1)',
    code: 'assert(true, "eval(1)"); // Function(1)',
    verdict: 'passed',
  },
  'built-ins/absent/unparsable-all-the-same.js': {
    meta: 'features: [dynamic-import]\nnegative:\n  phase: parse\n  type: SyntaxError',
    code: '$DONOTEVALUATE();\nnew import("x"); eval("x");',
    verdict: 'passed',
  },
};

/** Writes the tiny suite into a new temporary folder, in the format of the public one. */
export function writeSuite(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cloister-conformance-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const [name, text] of Object.entries(harness)) write(`harness/${name}`, text);
  for (const [path, { meta, code }] of Object.entries(samples)) {
    const front = meta === '' ? '' : `/*---\n${meta}\n---*/\n`;
    write(`test/${path}`, `${front}${code}\n`);
  }
  write('test/built-ins/absent/part_FIXTURE.js', 'throw 1;');
  return folder;
}
