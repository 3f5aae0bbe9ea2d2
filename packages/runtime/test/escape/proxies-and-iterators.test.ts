import { describeAttempts } from '../support/reach.ts';

describeAttempts({
  'a proxy of everything that the host gave': `
    const traps = new Proxy({}, { get: (_, name) => (...args) => { keep(...args); return Reflect[name](...args) } });
    for (const target of [hostFunction, hostError, hostValue, console, globalThis]) {
      const proxy = new Proxy(target, traps);
      try { keep(proxy.a, proxy.constructor, Object.getPrototypeOf(proxy), Reflect.ownKeys(proxy), 'x' in proxy) } catch (error) { keep(error) }
      try { keep(await proxy('k')) } catch (error) { keep(error) }
      try { keep(Object.freeze(proxy), Object.isFrozen(proxy)) } catch (error) { keep(error) }
    }`,
  'a proxy as an argument of the host': `
    const traps = new Proxy({}, { get: (_, name) => (...args) => { keep(...args); return Reflect[name](...args) } });
    for (const target of [{}, [], { signal: AbortSignal.abort() }, function () {}]) {
      const proxy = new Proxy(target, traps);
      try { console.log(proxy, '%o', proxy); keep(await hostFunction(proxy)) } catch (error) { keep(error) }
    }`,
  'a revoked proxy as an argument of the host': `
    const { proxy, revoke } = Proxy.revocable({}, {}); revoke();
    for (const use of [() => console.log(proxy), () => hostFunction(proxy), () => hostFunction({ signal: proxy }), () => structuredClone(proxy), () => setTimeout(proxy)]) {
      try { keep(await use()) } catch (error) { keep(error) }
    }`,
  'a proxy that revokes itself while it is written': `
    const pair = Proxy.revocable({ a: { b: 1 } }, { ownKeys(t) { pair.revoke(); keep(this); return Reflect.ownKeys(t) } });
    try { keep(await hostFunction(pair.proxy)) } catch (error) { keep(error) }
    try { console.log(pair.proxy) } catch (error) { keep(error) }`,
  'a proxy whose getPrototypeOf gives what the host made': `
    const liar = new Proxy({}, { getPrototypeOf: () => hostError, get: (t, k) => { keep(k); return hostFunction } });
    keep(Object.getPrototypeOf(liar), liar instanceof Error, Error.isError(liar)); console.log(liar);
    try { throw liar } catch (error) { keep(error, error.constructor) }`,
  'generators that the host or a built-in drives': `
    const seen = function* () { keep(this, arguments, new.target); try { keep(yield hostFunction) } finally { keep(arguments) } };
    for (const x of seen(1)) keep(x);
    keep([...seen(2)], new Map([[1, seen(3)]]), Array.from(seen(4)), Object.getPrototypeOf(seen), seen.prototype.__proto__);
    const it = seen(5); it.next(); keep(it.return(hostError), it.constructor);
    try { it.throw(hostError) } catch (error) { keep(error) }`,
  'iterator helpers over iterators of the script': `
    let calls = 0; const odd = { __proto__: Iterator.prototype, next() { keep(this, arguments); const done = calls++ % 4 === 3; return { get done() { keep(this); return done }, get value() { keep(this); return hostFunction } } }, return() { keep(this); return {} } };
    for (const name of ['map', 'filter', 'take', 'drop', 'flatMap', 'toArray', 'forEach', 'some', 'every', 'find', 'reduce']) {
      try { const made = odd[name](name === 'take' || name === 'drop' ? 1 : function (...args) { keep(this, ...args); return [1] }); keep(made, made?.next?.(), made?.return?.()) } catch (error) { keep(error) }
    }
    keep(Iterator.from(odd), Object.getPrototypeOf(Iterator.from({ next() { return { done: true } } })));`,
  'Iterator as a constructor': `
    class Mine extends Iterator {}
    keep(new Mine(), Mine.from, Iterator.prototype.constructor);
    try { keep(new Iterator()) } catch (error) { keep(error) }
    try { Iterator.prototype.constructor = function () { keep(this) }; keep(Iterator.prototype[Symbol.toStringTag]) } catch (error) { keep(error) }`,
  'async generators with thenables': `
    const source = async function* () { keep(this); try { keep(yield { then(a, b) { keep(a, b); a(hostFunction) } }) } finally { keep(await hostFunction('k')) } };
    const it = source(); keep(await it.next(), await it.return({ then(a, b) { keep(a, b); a(1) } }), it.constructor, Object.getPrototypeOf(source).constructor);
    await Promise.allSettled([it.throw(hostError), source().next(), source().return(1)]);`,
  'yield* over odd iterators': `
    const odd = { [Symbol.iterator]() { keep(this); return { next: (v) => { keep(v); return { done: false, value: 1 } }, get return() { keep(this); return () => ({ done: true }) }, throw: null } } };
    const it = (function* () { keep(yield* odd) })(); it.next(); it.next(hostFunction);
    try { it.throw(hostError) } catch (error) { keep(error) }`,
  'destructuring and spreading what the host gave': `
    const { ...copy } = hostFunction, { ...error } = hostError, { ...value } = hostValue;
    keep(copy, error, value, [...(hostValue.list ?? hostValue.given)], { ...globalThis }, Object.entries(console), Object.getOwnPropertyDescriptors(hostFunction));`,
});
