import { describeAttempts } from '../support/reach.ts';

describeAttempts({
  'Symbol.species of promises': `
    class Mine extends Promise { constructor(run) { super((a, b) => { keep(a, b, run); run(a, b) }) } static get [Symbol.species]() { keep(this); return Mine } }
    keep(Mine.prototype.then.call(hostFunction('k') ?? Promise.resolve(), keep), await Mine.all([hostFunction('k'), import('x').catch(keep)]));`,
  'a constructor put on a promise of the host': `
    const call = hostFunction('k') ?? Promise.resolve();
    try { Object.defineProperty(call, 'constructor', { get() { keep(this); return { [Symbol.species]: function (run) { keep(run); run(keep, keep) } } } }) } catch {}
    keep(call.then(keep, keep));`,
  'another Promise.prototype.then': `
    const { then } = Promise.prototype;
    try { Promise.prototype.then = function (...args) { keep(this, ...args); return Reflect.apply(then, this, args) } } catch {}
    await hostFunction('k'); await (async () => {})(); hostFunction('k')?.catch(() => {}); hostFunction('k')?.finally(() => {});
    try { Promise.prototype.then = then } catch {}`,
  'another Promise': `
    const Original = Promise;
    try { globalThis.Promise = class { constructor(run) { keep(run); return new Original(run) } static resolve(v) { keep(v); return Original.resolve(v) } static withResolvers() { return {} } } } catch {}
    keep(await hostFunction('k'), await import('x').catch((error) => error));
    try { globalThis.Promise = Original } catch {}`,
  'thenables that are awaited, returned and given to the host': `
    const thenable = { then(resolve, reject) { keep(this, resolve, reject, resolve.constructor); resolve(1) } };
    await thenable; await Promise.all([thenable]); await (async () => thenable)();
    await hostFunction(thenable); console.log(thenable);
    for await (const x of [thenable]) keep(x);`,
  'a then getter that throws, and answers later': `
    let asked = 0;
    const odd = { get then() { keep(this); if (asked++ === 0) throw hostError; return (resolve) => { keep(resolve); resolve() } } };
    await Promise.resolve(odd).catch(keep); await odd;`,
  'resolvers and executors': `
    const { promise, resolve, reject } = Promise.withResolvers.call(class extends Promise {});
    keep(promise, resolve, reject, resolve.constructor, resolve.__proto__, resolve.prototype);
    new Promise((...args) => { keep(...args, this) });
    keep(Promise.withResolvers.call(function (run) { keep(run, this); run(() => {}, () => {}) }));
    keep(Promise.try.call(function (run) { keep(run); run(keep, keep) }, () => 1));`,
  'finally with a species': `
    const odd = Promise.resolve(1);
    Object.defineProperty(odd, 'constructor', { value: { [Symbol.species]: function (run) { keep(run, new.target); run(keep, keep) } } });
    try { keep(odd.finally(() => keep(this))) } catch (error) { keep(error) }
    try { keep(Promise.prototype.finally.call({ constructor: Promise, then(a, b) { keep(a, b); return 1 } }, () => 2)) } catch (error) { keep(error) }`,
  'combinators with iterators, resolve and this of the script': `
    for (const name of ['all', 'allSettled', 'any', 'race']) {
      const Odd = function (run) { keep(run); run(keep, keep) };
      Odd.resolve = function (value) { keep(this, value); return { then(...args) { keep(...args) } } };
      try { keep(Promise[name].call(Odd, [1, hostFunction('k')])) } catch (error) { keep(error) }
    }`,
  'rejections that nobody handles': `
    Promise.reject(hostError); Promise.reject({ then: keep }); (async () => { throw hostFunction })();
    await new Promise((resolve) => setTimeout(resolve, 2));`,
  'Array.fromAsync': `
    keep(await Array.fromAsync({ async *[Symbol.asyncIterator]() { keep(this); yield hostFunction } }),
      await Array.fromAsync.call(function (...args) { keep(this, new.target, ...args); return {} }, [1]));`,
});
