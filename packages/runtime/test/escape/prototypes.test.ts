import { describeAttempts } from '../support/reach.ts';

describeAttempts({
  'the prototype chains of what the host gave': `
    for (let o of [hostFunction, hostError, hostValue, ctx, ctx.input, console, globalThis]) {
      for (; o !== null; o = Object.getPrototypeOf(o)) keep(o, o.constructor);
    }`,
  'the constructor of what the host gave, at any distance': `
    keep(hostFunction.constructor.constructor, hostError.constructor.constructor, hostValue.constructor.constructor,
      hostFunction.__proto__.__proto__.constructor, hostError.__proto__.__proto__.constructor);`,
  'another prototype for a function of the host': `
    keep(Object.setPrototypeOf(hostFunction, { get apply() { keep(this); return 1 } }));
    keep(hostFunction.apply);`,
  'a subclass of an error of the host': `
    class Mine extends hostError.constructor {}
    keep(new Mine('x'), Reflect.construct(hostError.constructor, ['x'], hostFunction));`,
  'a new.target with a prototype of its own': `
    keep(Reflect.construct(Array, [], class extends hostError.constructor {}),
      Reflect.construct(Promise, [() => {}], new Proxy(function () {}, { get: (t, k) => { keep(t, k); return Reflect.get(t, k) } })));`,
  'setters on Object.prototype while the host answers': `
    const names = ['value', 'list', 'a', 'map', 'code', 'message', 'name', 'stack', 'then', 'cause', 'id', 'args', 'resolve', 'reject'];
    for (const key of names) {
      try { Object.defineProperty(Object.prototype, key, { set(v) { keep(this, v) }, get() { keep(this); return undefined }, configurable: true }) } catch {}
    }
    keep(await hostFunction('k'));
    console.log({ a: 1 }, hostError);
    for (const key of names) delete Object.prototype[key];`,
  'setters for array places while the host answers': `
    try { Object.defineProperty(Array.prototype, 0, { set(v) { keep(this, v) }, get() { keep(this) }, configurable: true }) } catch {}
    keep(await hostFunction('k', ['x']));
    delete Array.prototype[0];`,
  'the global object under all of its names': `
    keep(globalThis, (function () { return this })(), (() => this)(), (0, function () { return this })(),
      [function () { return this }][0](), Reflect.apply(function () { return this }, null, []));`,
  'this in callbacks of built-ins and of the host': `
    keep([1].map(function () { return this }), 'a'.replace(/a/, function () { keep(this, arguments); return '' }),
      JSON.stringify({ a: 1 }, function (k, v) { keep(this); return v }), [2, 1].sort(function () { keep(this); return 0 }));
    await new Promise((resolve) => setTimeout(function () { keep(this, arguments); resolve() }, 1));
    queueMicrotask(function () { keep(this, arguments) });
    await null;`,
  'a prototype that is a proxy of the global object': `
    const trap = new Proxy(globalThis, { get(t, k, r) { keep(t, r); return Reflect.get(t, k) }, has: () => true });
    keep(Object.create(trap), Object.create(trap).process, Object.setPrototypeOf({}, trap).require);`,
});
