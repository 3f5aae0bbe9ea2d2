import type { KnownDifference } from './known-difference.ts';
import { builtIn, frozen, hardened, refuses, startsWith } from './patterns.ts';

export const adds = {
  id: 'adds to a built-in',
  reason: 'it is frozen',
  realms: hardened,
} as const;
export const replaces = {
  id: 'replaces a property of a built-in',
  reason: 'it is frozen',
  realms: hardened,
} as const;
export const removes = {
  id: 'removes a property of a built-in',
  reason: 'it is frozen',
  realms: hardened,
} as const;
const changesParent = {
  id: 'gives a built-in another prototype',
  reason: 'it is frozen',
  realms: hardened,
} as const;
export const changesGlobal = {
  id: 'changes the global object',
  reason: 'it is frozen',
  realms: hardened,
} as const;

/** Tests that change a built-in, and name it in the line that does. */
export const changesOfBuiltIns: readonly KnownDifference[] = [
  {
    ...adds,
    test: /./,
    got: refuses(
      String.raw`(?:add|define) property .*, object is not extensible(?: \(Testing with .*\))?${frozen}`,
    ),
    at: startsWith(
      String.raw`(?:(?:var f = )?${builtIn}(?:\[[^\]]+\])* = |(?:Object|Reflect)\.define(?:Property|Properties)\(\s*${builtIn}, )`,
    ),
  },
  {
    ...replaces,
    test: /./,
    got: refuses(
      String.raw`assign to read only property '.*'(?: of (?:object|function) '.*')?(?: \(Testing with .*\))?${frozen}`,
    ),
    at: startsWith(String.raw`${builtIn}(?:\[[^\]]+\])* = `),
  },
  {
    ...replaces,
    test: /./,
    got: refuses(String.raw`redefine property: \S+(?: \(Testing with .*\))?$`),
    at: startsWith(String.raw`Object\.defineProperty\(\s*${builtIn}, `),
  },
  {
    ...removes,
    test: /./,
    got: refuses(
      String.raw`delete property '\S+' of (?:\[object [\w.]+\]|function \w+\(\) \{ \[native code\] \})$`,
    ),
    at: new RegExp(
      String.raw`^(?:(?:if \(!|assert(?:\.\w+)?\(|!!|var \w = )\s*)*delete ${builtIn}`,
    ),
  },
  {
    ...changesGlobal,
    test: /./,
    got: refuses(
      String.raw`(?:add property \S+, object is not extensible|assign to read only property '\w+' of object '\[object Object\]')${frozen}`,
    ),
    at: /^(?:Array|Number|Object|Symbol) = |^globalThis\.\$DONE = /,
  },
  {
    ...changesParent,
    test: /^language\/types\/reference\/put-value-prop-base-primitive\.js$|^staging\/sm\/extensions\/regress-469625-01\.js$/,
    got: /^throws TypeError: \[object (?:Number|Array)\] is not extensible$/,
    at: /^Object\.setPrototypeOf\(Number\.prototype, |^Array\.prototype\.__proto__ = /,
  },
];
