import { readFileSync } from 'node:fs';

/** Joined in front of a script: `reach()` gives every object that runs share. */
export const reachSource: string = readFileSync(
  new URL('../fixtures/realm-reach.js', import.meta.url),
  'utf8',
);

/** Does something to every shared object but the one that is watched, which ends the VM. */
const toEach = (action: string): string => `${reachSource}
  for (const object of reach()) {
    if (object === RegExp.prototype) continue;
    try { ${action} } catch {}
  }`;

/** Scripts that try to change whatever is frozen, by the way in which they do. */
export const harmlessVandalism: Readonly<Record<string, string>> = {
  'a match': `/(?<secret>.)(.)/.exec('secret'); 'left'.replace(/e(f)/, '')`,
  'adding a property': toEach(`object.mark = 'mark'`),
  'defining a property': toEach(
    `Object.defineProperty(object, Symbol.for('mark'), { value: 'mark', configurable: true })`,
  ),
  'replacing the name': toEach(`Object.defineProperty(object, 'name', { value: 'mark' })`),
  'deleting the name': toEach(`delete object.name`),
  'replacing the prototype': toEach(`Object.setPrototypeOf(object, { __proto__: null })`),
  'legacy accessors': toEach(`Object.prototype.__defineGetter__.call(object, 'mark', () => 1)`),
  'a stack': toEach(`Error.captureStackTrace(object)`),
  'the setter of a stack': toEach(`
    Object.getOwnPropertyDescriptor(new Error('a'), 'stack').set.call(object, 'mark')`),
  'freezing, sealing and preventing': toEach(`Object.preventExtensions(object)`),
  'initialising it as an Intl object': toEach(`
    for (const Kind of [Intl.NumberFormat, Intl.DateTimeFormat, Intl.Collator]) Kind.call(object)`),
};

/** Scripts that change the one object that is not frozen, which costs the VM. */
export const regExpVandalism: Readonly<Record<string, string>> = {
  'an addition to RegExp.prototype': `RegExp.prototype.mark = 'mark'`,
  'a replacement in RegExp.prototype': `RegExp.prototype.exec = () => null`,
  'a removal from RegExp.prototype': `delete RegExp.prototype.flags`,
  'an accessor in RegExp.prototype': `
    Object.defineProperty(RegExp.prototype, 'test', { get: () => () => true })`,
  'another flag of a property of RegExp.prototype': `
    Object.defineProperty(RegExp.prototype, 'test', { enumerable: true })`,
  'another prototype of RegExp.prototype': `Object.setPrototypeOf(RegExp.prototype, null)`,
  'RegExp.prototype closed': `Object.preventExtensions(RegExp.prototype)`,
};
