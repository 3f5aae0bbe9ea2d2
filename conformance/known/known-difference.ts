import type { RealmName } from '../options.ts';

/** A class of tests that plain V8 passes and we do not, on purpose. */
export interface KnownDifference {
  /** Heading of the class in `docs/conformance.md`. */
  readonly id: string;
  readonly reason: string;
  /** Realms in which it is to be expected; all when left out. */
  readonly realms?: readonly RealmName[];
  /** Matches the path of the test below `test/`. */
  readonly test: RegExp;
  /** Matches how the test ended, as reported. */
  readonly got: RegExp;
  /** Matches the line of the test that threw; a test whose line is not known is not explained. */
  readonly at?: RegExp;
}
