import { changesByTest } from './changes-by-test.ts';
import { changesOfBuiltIns } from './changes.ts';
import { codeFromStrings } from './code-from-strings.ts';
import type { KnownDifference } from './known-difference.ts';
import { looksAtBuiltIns } from './looks.ts';
import { overrideMistakes } from './override-mistakes.ts';

/** Looked through in order; the first that matches explains the difference. */
export const knownDifferences: readonly KnownDifference[] = [
  ...codeFromStrings,
  ...looksAtBuiltIns,
  ...changesOfBuiltIns,
  ...overrideMistakes,
  ...changesByTest,
];
