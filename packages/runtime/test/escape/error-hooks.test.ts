import { describeAttempts } from '../support/reach.ts';

describeAttempts({
  'the call sites of prepareStackTrace': `
    Error.prepareStackTrace = (error, sites) => { keep(error, sites); return sites };
    for (const site of new Error('x').stack) {
      for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(site))) {
        try { keep(site[name]()) } catch (error) { keep(error) }
      }
    }`,
  'call sites below a callback of the host or of a built-in': `
    Error.prepareStackTrace = (error, sites) => { for (const s of sites) keep(s, s.getThis(), s.getFunction(), s.getEvalOrigin()); return '' };
    const look = () => new Error('x').stack;
    [1].map(look); JSON.stringify({ toJSON: look }); console.log({ get [Symbol.toStringTag]() { return String(look()) } }, { toString: look });
    'a'.replace(/a/, look); new Proxy({}, { get: look }).x; await { then(r) { look(); r() } };
    await hostFunction({ toJSON: look }); await hostFunction({ get a() { return look() } });`,
  'the stack of an error of the host, asked for with a hook': `
    Error.prepareStackTrace = (error, sites) => { keep(error, sites); return sites };
    try { await (typeof sdk === 'object' ? sdk.http.get('http://127.0.0.1:1/') : import('x')) } catch (error) { keep(error.stack, error) }
    try { await hostFunction(1n) } catch (error) { keep(error.stack, error) }`,
  'a stack overflow within a function of the host': `
    const dig = () => { try { dig() } catch (error) { keep(error); try { keep(hostFunction({ toJSON: () => 1 })) } catch (e) { keep(e) } } };
    dig();`,
  'a stack overflow at each depth': `
    const dig = (left) => {
      if (left > 0) return dig(left - 1);
      try { console.log('x', { a: [1] }) } catch (error) { keep(error, error.constructor) }
      try { keep(setTimeout(() => {}, 1)) } catch (error) { keep(error) }
      try { keep(structuredClone({ a: 1 }), new URL('https://a.b/')) } catch (error) { keep(error) }
    };
    for (let depth = 4000; depth < 12000; depth += 97) { try { dig(depth) } catch (error) { keep(error) } }`,
  'captureStackTrace of all kinds of objects': `
    for (const target of [{}, [], () => {}, hostFunction, hostValue, new Proxy({}, {}), globalThis, Error.prototype, RegExp.prototype]) {
      try { Error.captureStackTrace(target, hostFunction); keep(target, target.stack) } catch (error) { keep(error) }
    }`,
  'a stackTraceLimit that is an object': `
    try { Error.stackTraceLimit = { valueOf() { keep(this); return 100 } } } catch {}
    keep(new Error('x').stack);
    Object.defineProperty(Error, 'stackTraceLimit', { get() { keep(this); return 100 } });
    keep(new Error('x').stack);`,
  'a prepareStackTrace that replaces itself, throws or recurses': `
    Error.prepareStackTrace = function hook(error, sites) { keep(this, arguments); Error.prepareStackTrace = undefined; void new Error('y').stack; throw sites };
    try { keep(new Error('x').stack) } catch (error) { keep(error) }
    Error.prepareStackTrace = (error, sites) => { keep(sites); return new Error('again').message + null.x };
    try { keep(new Error('x').stack) } catch (error) { keep(error) }`,
  'the errors of the engine for what it refuses': `
    for (const action of [() => Function('1'), () => new RegExp('('), () => JSON.parse('{'), () => null.x, () => import('x'), () => new Array(-1),
      () => 'x'.repeat(-1), () => decodeURI('%'), () => BigInt(1.5), () => Symbol() + '', () => new Intl.DateTimeFormat('x-'), () => structuredClone(() => {}),
      () => atob('%'), () => new URL('x'), () => crypto.getRandomValues(1), () => new AbortSignal(), () => hostFunction.call(hostFunction, 1n)]) {
      try { keep(await action()) } catch (error) { keep(error, error.constructor, error.stack) }
    }`,
  'AggregateError with iterators of the script': `
    try { await Promise.any({ *[Symbol.iterator]() { yield Promise.reject(hostError); yield { then(a, b) { keep(a, b); b(1) } } } }) } catch (error) { keep(error, error.errors) }
    keep(new AggregateError({ [Symbol.iterator]: function* () { keep(this); yield hostError } }));`,
  'an error whose message, name and cause are getters, given to the host': `
    const odd = Object.defineProperties(new Error('x'), { message: { get() { keep(this); return 'm' } }, name: { get() { keep(this); return 'n' } }, cause: { get() { keep(this); return hostError } } });
    console.log(odd); console.error('%s %o', odd, odd); await hostFunction(odd);
    keep(await Promise.reject(odd).catch((error) => error));`,
});
