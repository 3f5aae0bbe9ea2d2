import type { KnownDifference } from './known-difference.ts';
import { hardened } from './patterns.ts';

const assignedTo = (name: string, object: string): RegExp =>
  new RegExp(`^throws TypeError: Cannot assign to read only property '${name}' of ${object}'`);
/** An assignment to a property of something that the test made. */
const assigns = (name: string): RegExp => new RegExp(String.raw`^[a-z][\w.]*\.${name} = `);

const mistake = (
  of: string,
  reason: string,
  test: RegExp,
  got: RegExp,
  at: RegExp,
): KnownDifference => ({
  id: `assigns to what it inherits: ${of}`,
  reason,
  realms: hardened,
  test,
  got,
  at,
});

const fast = 'V8 gives up fast paths when this becomes an accessor';
const rare = 'an accessor in its place is not made: scripts do not do this';

/** The override mistake, on the properties that are left as frozen data. */
export const overrideMistakes: readonly KnownDifference[] = [
  mistake(
    '`constructor` of an array',
    fast,
    /^built-ins\/Array\/prototype\/|^staging\/sm\/Array\//,
    assignedTo('constructor', String.raw`object '\[object Array\]`),
    assigns('constructor'),
  ),
  mistake(
    '`constructor` of an array, as the prototype of a class',
    fast,
    /^staging\/sm\/strict\/regress-599159\.js$/,
    assignedTo('constructor', String.raw`object '\[object Array\]`),
    /^C\.prototype\.constructor = C$/,
  ),
  mistake(
    '`constructor` of a typed array',
    fast,
    /^built-ins\/TypedArray(?:Constructors)?\/|^staging\/sm\/TypedArray\//,
    assignedTo('constructor', String.raw`object '\[object (?:\w+Array|Object)\]`),
    assigns('constructor'),
  ),
  mistake(
    '`constructor` of an ArrayBuffer',
    rare,
    /^built-ins\/(?:ArrayBuffer|TypedArrayConstructors)\/|^staging\/sm\//,
    assignedTo('constructor', String.raw`object '\[object ArrayBuffer\]`),
    assigns('constructor'),
  ),
  mistake(
    'the conversions of a string object',
    fast,
    /^built-ins\/(?:JSON\/stringify|String)\/|^staging\/sm\/String\//,
    assignedTo('(?:toString|valueOf|constructor)', String.raw`object '\[object String\]`),
    /^\w+\.(?:toString|valueOf|constructor) = /,
  ),
  mistake(
    '`constructor` of a promise',
    fast,
    /^built-ins\/Promise\//,
    assignedTo('constructor', String.raw`object '\[object Promise\]`),
    assigns('constructor'),
  ),
  mistake(
    '`then` of a promise',
    fast,
    /^built-ins\/Promise\/|^language\/expressions\/await\/await-monkey-patched-promise\.js$/,
    assignedTo('then', String.raw`object '\[object Promise\]`),
    assigns('then'),
  ),
  mistake(
    'a static method of Promise, on a subclass',
    rare,
    /^built-ins\/Promise\//,
    assignedTo('resolve', "function 'class Custom extends Promise \\{\\}"),
    /^Custom\.resolve = /,
  ),
  mistake(
    '`Symbol.iterator` of an array',
    fast,
    /^staging\/sm\/Array\/from_/,
    assignedTo(String.raw`Symbol\(Symbol\.iterator\)`, String.raw`object '\[object Array\]`),
    /^[a-z]+\[Symbol\.iterator\] = /,
  ),
  mistake(
    '`length` of an object made from Array.prototype',
    'the language has it as data that cannot become an accessor',
    /^staging\/sm\/Array\/regress-599159\.js$/,
    assignedTo('length', String.raw`object '\[object Object\]`),
    assigns('length'),
  ),
  mistake(
    '`next`, `return`, `throw` of a generator',
    rare,
    /^built-ins\/Iterator\/prototype\/flatMap\/|^staging\/sm\/generators\/delegating-yield-/,
    assignedTo('(?:next|return|throw)', String.raw`object '\[object Generator\]`),
    assigns('(?:next|return|throw)'),
  ),
  mistake(
    '`constructor` of a Temporal object',
    rare,
    /^built-ins\/Temporal\/.*\/subclassing-ignored\.js$/,
    assignedTo('constructor', String.raw`object '\[object Temporal\.\w+\]`),
    /^TemporalHelpers\.checkSubclassingIgnored\(/,
  ),
];
