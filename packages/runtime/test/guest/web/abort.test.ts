import { describe, expect, test } from 'vitest';
import { gives, sameAsNode, useRuntime } from './web-rows.ts';

const runtime = useRuntime();
const block = (code: string): string => `(async () => { ${code} })()`;

describe('AbortController and AbortSignal', () => {
  sameAsNode(runtime, [
    block(
      `const c = new AbortController(); const s = c.signal; const before = [s.aborted, s.reason, s === c.signal]; c.abort(); return [...before, s.aborted, s.reason, s.reason.code];`,
    ),
    block(
      `const c = new AbortController(); c.abort('why'); c.abort('again'); return c.signal.reason;`,
    ),
    block(`const c = new AbortController(); c.abort(undefined); return c.signal.reason.name;`),
    block(`const c = new AbortController(); c.abort(null); return c.signal.reason;`),
    `AbortSignal.abort().reason.name`,
    `AbortSignal.abort(5).reason`,
    `AbortSignal.abort().throwIfAborted()`,
    `AbortSignal.abort(5).throwIfAborted()`,
    `new AbortController().signal.throwIfAborted()`,
    `new AbortSignal()`,
    `AbortController()`,
    `AbortSignal.timeout()`,
    `AbortSignal.timeout('x')`,
    `AbortSignal.any()`,
    `AbortSignal.any([1])`,
    `AbortSignal.any(5)`,
    `AbortSignal.any([]).aborted`,
    `AbortController.prototype.abort.call({})`,
    `Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted').get.call({})`,
    `[new AbortController().signal instanceof EventTarget, Object.prototype.toString.call(new AbortController())]`,
    block(
      `const seen = []; const c = new AbortController(); c.signal.onabort = function (e) { seen.push('on', e.type, this === c.signal, e.isTrusted, e.target === c.signal, e.bubbles); }; c.signal.addEventListener('abort', () => seen.push('listener')); c.abort(); return seen;`,
    ),
    block(
      `const seen = []; const c = new AbortController(); const s = c.signal; s.onabort = () => seen.push(1); s.addEventListener('abort', () => seen.push(2)); s.onabort = () => seen.push(3); c.abort(); return seen;`,
    ),
    block(
      `const c = new AbortController(); c.signal.onabort = 5; const a = c.signal.onabort; c.signal.onabort = () => {}; c.signal.onabort = null; c.abort(); return [a, c.signal.onabort];`,
    ),
    block(
      `const seen = []; const c = new AbortController(); c.signal.addEventListener('abort', () => seen.push('x'), { once: true }); c.abort(); c.signal.dispatchEvent(new Event('abort')); return seen;`,
    ),
    block(
      `const a = new AbortController(), b = new AbortController(); const any = AbortSignal.any([a.signal, b.signal]); const seen = []; any.onabort = () => seen.push(any.reason); b.abort('b'); a.abort('a'); return [seen, any.reason];`,
    ),
    block(
      `const a = new AbortController(); const one = AbortSignal.any([a.signal]); const two = AbortSignal.any([one, AbortSignal.any([])]); const seen = []; two.onabort = () => seen.push(one.aborted, a.signal.aborted); a.signal.onabort = () => seen.push('source', two.aborted); a.abort(7); return [seen, two.reason];`,
    ),
    `AbortSignal.any([AbortSignal.abort(1), AbortSignal.abort(2)]).reason`,
    `AbortSignal.any(new Set([AbortSignal.abort(9)])).reason`,
    block(
      `const s = AbortSignal.timeout(5); await new Promise((resolve) => { s.onabort = resolve; setTimeout(() => {}, 50); }); return [s.reason.name, s.reason.code];`,
    ),
    block(
      `const s = AbortSignal.timeout(0); await new Promise((resolve) => setTimeout(resolve, 20)); return s.aborted;`,
    ),
    block(
      `const order = []; const s = AbortSignal.timeout(30); s.onabort = () => order.push('signal'); await new Promise((resolve) => setTimeout(() => { order.push('timer'); resolve(); }, 5)); return order;`,
    ),
  ]);
  gives(runtime, [
    [`AbortSignal.timeout(2 ** 40).aborted`, 'false'],
    // Web IDL has TypeErrors here, Node RangeErrors.
    [`AbortSignal.timeout(-1)`, 'throws TypeError'],
    [`AbortSignal.timeout(NaN)`, 'throws TypeError'],
    [`AbortSignal.timeout(2 ** 53)`, 'throws TypeError'],
  ]);
});

describe('EventTarget and Event', () => {
  sameAsNode(runtime, [
    block(
      `const t = new EventTarget(); const seen = []; const f = (e) => seen.push(e.type); t.addEventListener('a', f); t.addEventListener('a', f); t.addEventListener('a', f, true); const result = t.dispatchEvent(new Event('a')); return [seen, result];`,
    ),
    block(
      `const t = new EventTarget(); const seen = []; t.addEventListener('a', { handleEvent(e) { seen.push(this !== undefined, e.type); } }); t.addEventListener('a', null); t.dispatchEvent(new Event('a')); return seen;`,
    ),
    block(
      `const t = new EventTarget(); const seen = []; t.addEventListener('a', () => { seen.push(1); t.addEventListener('a', () => seen.push(2)); }, { once: true }); t.dispatchEvent(new Event('a')); t.dispatchEvent(new Event('a')); return seen;`,
    ),
    block(
      `const t = new EventTarget(); const seen = []; const g = () => seen.push('g'); t.addEventListener('a', () => t.removeEventListener('a', g)); t.addEventListener('a', g); t.dispatchEvent(new Event('a')); return seen;`,
    ),
    block(
      `const t = new EventTarget(); const seen = []; t.addEventListener('a', (e) => { seen.push(1); e.stopImmediatePropagation(); }); t.addEventListener('a', () => seen.push(2)); t.dispatchEvent(new Event('a')); return seen;`,
    ),
    block(
      `const t = new EventTarget(); t.addEventListener('a', (e) => e.preventDefault()); return [t.dispatchEvent(new Event('a', { cancelable: true })), t.dispatchEvent(new Event('a'))];`,
    ),
    block(
      `const t = new EventTarget(); t.addEventListener('a', (e) => e.preventDefault(), { passive: true }); return t.dispatchEvent(new Event('a', { cancelable: true }));`,
    ),
    block(
      `const t = new EventTarget(); const c = new AbortController(); const seen = []; t.addEventListener('a', () => seen.push(1), { signal: c.signal }); t.dispatchEvent(new Event('a')); c.abort(); t.dispatchEvent(new Event('a')); t.addEventListener('a', () => seen.push(2), { signal: c.signal }); t.dispatchEvent(new Event('a')); return seen;`,
    ),
    block(
      `const t = new EventTarget(); const seen = []; const f = () => seen.push(1); t.addEventListener('a', f, { capture: true }); t.removeEventListener('a', f); t.dispatchEvent(new Event('a')); t.removeEventListener('a', f, true); t.dispatchEvent(new Event('a')); return seen;`,
    ),
    block(
      `const t = new EventTarget(); const e = new Event('a'); let inner; t.addEventListener('a', () => { try { t.dispatchEvent(e); } catch (error) { inner = 'refused'; } }); t.dispatchEvent(e); return [inner, e.target === t, e.currentTarget, e.eventPhase];`,
    ),
    block(
      `const e = new Event('x', { bubbles: 1, cancelable: 'y', composed: true }); return [e.type, e.bubbles, e.cancelable, e.composed, e.target, e.defaultPrevented, e.isTrusted, e.composedPath(), typeof e.timeStamp];`,
    ),
    `new Event()`,
    `Event('x')`,
    `new Event('x', 5)`,
    `new Event(Symbol())`,
    `new Event(undefined).type`,
    `[Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, Event.BUBBLING_PHASE]`,
    `new EventTarget().dispatchEvent({ type: 'x' })`,
    `new EventTarget().dispatchEvent()`,
    `new EventTarget().addEventListener('x')`,
    `EventTarget()`,
    `EventTarget.prototype.addEventListener.call({}, 'x', () => {})`,
    block(
      `class Mine extends EventTarget { fire() { return this.dispatchEvent(new Event('z')); } } const m = new Mine(); let n = 0; m.addEventListener('z', () => n++); m.fire(); return n;`,
    ),
  ]);
  gives(runtime, [
    [
      block(
        `const t = new EventTarget(); const e = new Event('a'); const seen = []; const f = () => { seen.push(e.eventPhase); try { t.dispatchEvent(e); } catch (error) { seen.push(error.name); } }; t.addEventListener('a', f); t.addEventListener('a', f, true); t.dispatchEvent(e); return seen.join();`,
      ),
      '"2,InvalidStateError,2,InvalidStateError"',
    ],
    [`new Event('x').BUBBLING_PHASE`, '3'],
    [`new EventTarget().addEventListener('x', 5)`, 'throws TypeError'],
    [`new EventTarget().addEventListener('x', () => {}, { signal: {} })`, 'throws TypeError'],
    [`new EventTarget().addEventListener('x', () => {}, { signal: null })`, 'throws TypeError'],
  ]);
});

describe('DOMException', () => {
  sameAsNode(runtime, [
    `(() => { const e = new DOMException('m', 'DataCloneError'); return [e.name, e.message, e.code, e instanceof Error, Error.isError(e), String(e), Object.keys(e), e.stack.split('\\n')[0]]; })()`,
    `(() => { const e = new DOMException(); return [e.name, e.message, e.code]; })()`,
    `new DOMException('m', 'Whatever').code`,
    `new DOMException(undefined, undefined).name`,
    `new DOMException(Symbol())`,
    `DOMException('x')`,
    `Object.getOwnPropertyDescriptor(DOMException.prototype, 'name').get.call({})`,
    `Object.keys(DOMException).sort().map((key) => [key, DOMException[key], DOMException.prototype[key]])`,
    `Object.getPrototypeOf(DOMException.prototype) === Error.prototype`,
    `Object.getPrototypeOf(DOMException) === Function.prototype`,
    `(() => { class Mine extends DOMException { constructor() { super('m', 'AbortError'); this.extra = 1; } } const e = new Mine(); return [e instanceof Mine, e.code, e.extra]; })()`,
    ...[
      'IndexSizeError',
      'SyntaxError',
      'TimeoutError',
      'QuotaExceededError',
      'InUseAttributeError',
      'NotAllowedError',
    ].map((name) => `new DOMException('', '${name}').code`),
  ]);
});

describe('an exception that nothing can catch', () => {
  test.each([
    [
      'a listener',
      `const t = new EventTarget(); t.addEventListener('a', () => { throw new RangeError('lost'); }); t.dispatchEvent(new Event('a')); return 1`,
    ],
    [
      'a listener of an abort',
      `const c = new AbortController(); c.signal.onabort = () => { throw new RangeError('lost'); }; c.abort(); return 1`,
    ],
    [
      'a microtask',
      `queueMicrotask(() => { throw new RangeError('lost'); }); await 0; await 0; return 1`,
    ],
    [
      'a handleEvent that is none',
      `const t = new EventTarget(); t.addEventListener('a', { handleEvent: new RangeError('lost'), toString: null }); t.addEventListener('a', () => { throw new RangeError('lost') }); t.dispatchEvent(new Event('b')); t.dispatchEvent(new Event('a')); return 1`,
    ],
  ])('thrown by %s fails the run', async (_where, source) => {
    await expect(runtime().execute(source)).rejects.toMatchObject({ code: 'script_error' });
  });

  test('does not keep the listeners that follow from being called', async () => {
    const source = `const t = new EventTarget(); t.addEventListener('a', () => { throw 1; }); t.addEventListener('a', () => console.log('next')); t.dispatchEvent(new Event('a'));`;
    await expect(runtime().execute(source)).rejects.toMatchObject({ logs: [{ message: 'next' }] });
  });
});

describe('queueMicrotask', () => {
  sameAsNode(runtime, [
    block(
      `const seen = []; queueMicrotask(() => seen.push(1)); Promise.resolve().then(() => seen.push(2)); queueMicrotask(function () { seen.push(arguments.length, this === undefined); }); seen.push(0); await new Promise((resolve) => setTimeout(resolve, 5)); return seen;`,
    ),
    `queueMicrotask()`,
    `queueMicrotask(5)`,
    `queueMicrotask('code')`,
    `queueMicrotask(() => {})`,
    `[queueMicrotask.name, queueMicrotask.length]`,
  ]);
});
