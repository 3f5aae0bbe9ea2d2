import type { Test } from './suite.ts';

/** Features of the suite that scripts are documented not to have, and the reason that is reported. */
const absentFeatures: Readonly<Record<string, string>> = {
  Atomics: 'Atomics is absent',
  'Atomics.pause': 'Atomics is absent',
  'Atomics.waitAsync': 'Atomics is absent',
  SharedArrayBuffer: 'SharedArrayBuffer is absent',
  ShadowRealm: 'ShadowRealm is absent',
  'cross-realm': 'a second realm is not to be had',
  'dynamic-import': 'import() is absent',
  'import-attributes': 'modules',
  'import-bytes': 'modules',
  'import-defer': 'modules',
  'import-text': 'modules',
  'import.meta': 'modules',
  'export-defer': 'modules',
  'json-modules': 'modules',
  'source-phase-imports': 'modules',
  'source-phase-imports-module-source': 'modules',
  IsHTMLDDA: 'document.all is a thing of browsers',
  'host-gc-required': 'the garbage collector is not to be had',
};

/** What a test's code uses that scripts are documented not to have. */
const absentUses: readonly (readonly [RegExp, string])[] = [
  [/\$262\s*\.\s*createRealm\b/, 'a second realm is not to be had'],
  [/\$262\s*\.\s*evalScript\b/, 'code from strings: $262.evalScript'],
  [/\$262\s*\.\s*agent\b/, 'agents are not to be had'],
  [/\$262\s*\.\s*gc\b/, 'the garbage collector is not to be had'],
  [/\$262\s*\.\s*IsHTMLDDA\b/, 'document.all is a thing of browsers'],
  [/\$262\s*\.\s*AbstractModuleSource\b/, 'modules'],
  // As a name, not as a property: what looks a name up that is absent cannot go well.
  [/(?<![\w$.])eval\b(?!\s*:)/, 'code from strings: eval'],
  [/(?<![\w$.])(?:Async)?(?:Generator)?Function\s*\(/, 'code from strings: Function'],
];

/**
 * Why a test is not run, or undefined. A test that must not even parse needs nothing of the realm
 * and is run whatever it names.
 */
export function skipReason({ source, meta }: Test): string | undefined {
  const { flags, features, negative } = meta;
  if (flags.includes('module') || negative?.phase === 'resolution') return 'modules';
  if (flags.includes('noStrict')) return 'sloppy mode: scripts are strict';
  if (negative?.phase === 'parse') return undefined;
  if (flags.includes('CanBlockIsFalse') || flags.includes('CanBlockIsTrue')) {
    return 'agents are not to be had';
  }
  const feature = features.find((name) => Object.hasOwn(absentFeatures, name));
  if (feature !== undefined) return absentFeatures[feature];
  const code = withoutProse(source);
  return absentUses.find(([use]) => use.test(code))?.[1];
}

const prose = /\/\*[\s\S]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/g;

/**
 * Source without comments and without the insides of quotes. A regular expression that holds a
 * quote can mislead it on its own line: then a test is run that could have been skipped.
 */
function withoutProse(source: string): string {
  return source.replace(prose, (piece) => (piece.startsWith('/') ? ' ' : "''"));
}
