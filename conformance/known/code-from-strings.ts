import type { KnownDifference } from './known-difference.ts';

/** The constructors of functions are dead, in both realms. */
export const codeFromStrings: readonly KnownDifference[] = [
  {
    id: 'code from strings',
    reason:
      'the constructors of functions are dead, and tests reach them in ways that no search of the source sees',
    test: /./,
    got: /making code from strings is not available to scripts/,
  },
  {
    id: 'code from strings, tested by the error',
    reason: 'the dead constructors throw a TypeError before they would look at the source',
    test: /create-function-parse-before-getprototype\.js$|^built-ins\/Function\/S15\.3_A2_T[12]\.js$|^language\/comments\/hashbang\/function-constructor\.js$/,
    got: /Expected a SyntaxError but got a TypeError|\(e instanceof SyntaxError\)/,
  },
  {
    id: 'code from strings, in the harness',
    reason: "the suite's list of intrinsics makes each from a string",
    test: /./,
    got: /this implementation could not obtain %/,
  },
];
