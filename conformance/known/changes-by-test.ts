import type { KnownDifference } from './known-difference.ts';
import { adds, changesGlobal, removes, replaces } from './changes.ts';
import { failsAsync, frozen, refuses, says } from './patterns.ts';

/** Tests that change a built-in which they call by a name of their own. */
export const changesByTest: readonly KnownDifference[] = [
  {
    ...adds,
    test: /^intl402\//,
    got: refuses(String.raw`define property \S+, object is not extensible${frozen}`),
    at: /^taint(?:Properties|DataProperty|Array)\(/,
  },
  {
    ...replaces,
    test: /^intl402\//,
    got: refuses(String.raw`redefine property: \w+$`),
    at: /^taintDataProperty\(Intl, /,
  },
  {
    ...adds,
    test: /^built-ins\/TypedArrayConstructors\/internals\/(?:Delete|Get|Set)\//,
    got: refuses(
      String.raw`define property [-\d.]+, object is not extensible(?: \(Testing with .*\))?${frozen}`,
    ),
    at: /^Object\.defineProper(?:ty|ties)\(proto, /,
  },
  {
    // V8 reports a line of the harness for this assignment.
    ...adds,
    test: /^built-ins\/TypedArrayConstructors\/internals\/HasProperty\/(?:BigInt\/)?key-is-not-integer\.js$/,
    got: refuses(String.raw`add property 1\.1, object is not extensible${frozen}`),
  },
  {
    ...adds,
    test: /^built-ins\/(?:RegExp\/prototype\/(?:exec|test)\/S15\.10\.6\.[23]_A2_T2|String\/prototype\/(?:split\/instance-is-math|substring\/S15\.5\.4\.15_A3_T9))\.js$/,
    got: refuses(String.raw`add property \w+, object is not extensible${frozen}`),
    at: /^__instance\.\w+ = /,
  },
  {
    ...adds,
    test: /^staging\/sm\/(?:Array\/concat-spreadable-primitive|Array\/from_primitive|strict\/primitive-this-getter)\.js$/,
    got: refuses(String.raw`(?:add|define) property \S+, object is not extensible${frozen}`),
    at: /^prototype\[Symbol\.isConcatSpreadable\] = |^Object\.defineProperty\(prototype, /,
  },
  {
    ...adds,
    test: /^built-ins\/RegExp\/named-groups\/groups-object-subclass\.js$|^staging\/sm\/regress\/regress-452189\.js$/,
    got: refuses(String.raw`(?:add|define) property \w+, object is not extensible${frozen}`),
    at: /^Object\.getPrototypeOf\(fakeResult\.groups\)\.b = |^Object\.prototype\.__defineSetter__\('x'/,
  },
  {
    // The test expects a TypeError, and gets it from the change of Array.prototype before its point.
    ...adds,
    test: /^built-ins\/Object\/defineProp(?:erties\/15\.2\.3\.7-6-a-(?:169|173|188|189|192|193)|erty\/15\.2\.3\.6-4-19[23])\.js$/,
    got: says(
      String.raw`(?:Array\.prototype|arr)\[[01]\] Expected SameValue\(«undefined», «\d+»\) to be true`,
    ),
    at: /^assert\.sameValue\((?:Array\.prototype|arr)\[[01]\], /,
  },
  {
    // Reflect.set says no, which the test does not look at.
    ...adds,
    test: /^staging\/sm\/object\/bug-1206700\.js$/,
    got: says(String.raw`Expected SameValue\(«false», «true»\) to be true`),
    at: /^assert\.sameValue\(Object\.prototype\.hasOwnProperty\("prop"\), true\)/,
  },
  {
    ...replaces,
    test: /^built-ins\/String\/prototype\/(?:is|to)WellFormed\/to-string-primitive\.js$/,
    got: refuses(String.raw`assign to read only property 'toString'${frozen}`),
    at: /^proto\.toString = /,
  },
  {
    ...replaces,
    test: /^staging\/sm\/JSON\/stringify-boxed-primitives\.js$/,
    got: refuses('redefine property: toString$'),
    at: /^Object\.defineProperty\(obj, prop, desc\)/,
  },
  {
    ...removes,
    test: /^built-ins\/Object\/prototype\/toString\/symbol-tag-non-str-proxy-function\.js$/,
    got: refuses(
      String.raw`delete property 'Symbol\(Symbol\.toStringTag\)' of \[object GeneratorFunction\]$`,
    ),
    at: /^delete generatorProxy\.constructor\.prototype\[Symbol\.toStringTag\];$/,
  },
  // These reach $DONE as text, and have no line.
  {
    ...adds,
    test: /^built-ins\/Array\/fromAsync\/asyncitems-(?:bigint|boolean|number|symbol)\.js$/,
    got: failsAsync(String.raw`TypeError: Cannot add property length, object is not extensible`),
  },
  {
    ...adds,
    test: /^language\/expressions\/optional-chaining\/member-expression-async-identifier\.js$/,
    got: failsAsync('TypeError: Cannot add property x, object is not extensible'),
  },
  {
    ...changesGlobal,
    test: /^built-ins\/Array\/fromAsync\/asyncitems-uses-intrinsic-iterator-symbols\.js$/,
    got: failsAsync(
      String.raw`TypeError: Cannot assign to read only property 'Symbol' of object '\[object Object\]'`,
    ),
  },
  {
    ...replaces,
    test: /^built-ins\/Array\/fromAsync\/non-iterable-input-does-not-use-array-prototype\.js$/,
    got: failsAsync(
      String.raw`TypeError: Cannot assign to read only property 'next' of object '\[object Array Iterator\]'`,
    ),
  },
];
