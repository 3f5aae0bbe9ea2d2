import type { KnownDifference } from './known-difference.ts';
import { builtIn, hardened, says, startsWith } from './patterns.ts';

const looks = {
  id: 'looks at a built-in',
  reason: 'the test wants a built-in to be writable, configurable or extensible, and it is frozen',
  realms: hardened,
} as const;
const looksAtCured = {
  id: 'looks at a built-in that is an accessor',
  reason:
    'the test wants a data property where an accessor stands, so that a script can assign to the name on objects of its own',
  realms: hardened,
} as const;
const library = /^(?:annexB\/)?built-ins\/|^intl402\/|^staging\//;
const notAllowed = String.raw`[^';]+ descriptor should be (?:writable|configurable)`;
const bothNotAllowed = String.raw`[^';]+ descriptor should be writable; [^';]+ descriptor should be configurable`;
const verified = startsWith(
  String.raw`verify(?:Primordial)?(?:Callable)?Property\(\s*`,
  String.raw`(?:${builtIn}|desc(?:riptor)?\.[gs]et|getter|get|segment\.containing|unscopables|globalThis)\s*,`,
);
const verifiedOldWay = startsWith(String.raw`verify(?:Writable|Configurable)\(${builtIn}, `);

/** Tests of what a frozen built-in is like: its descriptors, whether it can be extended. */
export const looksAtBuiltIns: readonly KnownDifference[] = [
  {
    ...looks,
    test: library,
    got: says(`${notAllowed}|${bothNotAllowed}`),
    at: verified,
  },
  {
    ...looks,
    test: library,
    got: says(String.raw`Expected obj\[[\w().]+\] to have (?:writable|configurable):true\.`),
    at: verifiedOldWay,
  },
  {
    ...looks,
    test: library,
    got: says('Expected SameValue\\(«false», «true»\\) to be true'),
    at: /^assert\.sameValue\((?:desc|descriptor|propDesc|propertyDescriptor|protoDesc|map)\.(?:configurable|writable), true\);$/,
  },
  {
    ...looks,
    test: library,
    got: says(
      String.raw`Built-in objects must be extensible\.?|(?:Built-in objects must be extensible\. )?Expected SameValue\(«false», «true»\) to be true|[\w.]+ is extensible|Object\.isExtensible\([\w.]+\) must return true|Expected true but got false|Object\.prototype is still extensible after a setPrototypeOf operation - #1`,
    ),
    at: startsWith(
      String.raw`assert(?:\.sameValue)?\(\s*Object\.isExtensible\(\s*(?:${builtIn}|parse|compareFn|formatFn|formatRange|formatRangeToParts)\s*\)`,
    ),
  },
  {
    ...looks,
    test: /^built-ins\/Object\/(?:getOwnPropertyDescriptor\/15\.2\.3\.3-4-|isFrozen\/15\.2\.3\.12-3-|isSealed\/|isExtensible\/15\.2\.3\.13-2-)|^built-ins\/Function\/length\/15\.3\.3\.2-1\.js$/,
    got: says(
      String.raw`(?:desc\.(?:writable|configurable)|b|e) Expected SameValue\(«(?:false|true|undefined)», «(?:true|false)»\) to be true`,
    ),
    at: /^assert\.sameValue\((?:desc\.(?:writable|configurable)|b|e), (?:true|false), '/,
  },
  {
    ...looksAtCured,
    test: library,
    got: says(String.raw`[^';]+ descriptor value should be [^;]*; ?${bothNotAllowed}`),
    at: verified,
  },
  {
    ...looksAtCured,
    test: /^built-ins\/Object\/getOwnPropertyDescriptor\/15\.2\.3\.3-4-/,
    got: says(String.raw`desc\.value Expected SameValue\(«undefined», «.*»\) to be true`),
    at: startsWith(String.raw`assert\.sameValue\(desc\.value, ${builtIn}, '`),
  },
  {
    id: 'memories of the last match',
    reason: '`RegExp.input` and the others do not exist: they would carry text from run to run',
    realms: hardened,
    test: /^annexB\/built-ins\/RegExp\/legacy-accessors\/input\/prop-desc\.js$/,
    got: /^throws TypeError: Cannot read properties of undefined \(reading 'get'\)$/,
    at: /^assert\.sameValue\(typeof desc\.get, "function"/,
  },
];
