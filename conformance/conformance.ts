import { Baseline } from './baseline.ts';
import { composeGlobalScript, composeScript, composeTraced, type Composed } from './compose.ts';
import type { Engine } from './engine.ts';
import type { KnownDifference } from './known/known-difference.ts';
import type { Options, RealmName } from './options.ts';
import { describeOutcome, expectation, isPass, type Outcome } from './outcome.ts';
import { Progress } from './progress.ts';
import { Report, type Verdict } from './report.ts';
import { skipReason } from './skip.ts';
import type { Suite } from './suite.ts';

/** What a pass needs besides its realm. */
export interface Setting {
  readonly suite: Suite;
  readonly engine: Engine;
  readonly known: readonly KnownDifference[];
  readonly options: Options;
}

/**
 * Runs the tests that were asked for in one realm, several at a time, each job as a tenant of its
 * own. Without a realm none is asked for, and the report is of the one that came.
 */
export async function runPass(setting: Setting, asked: RealmName | undefined): Promise<Report> {
  const { suite, options, engine } = setting;
  const realm = asked ?? (await engine.defaultRealm());
  const paths = suite.list(options);
  const report = new Report(realm);
  const progress = new Progress(realm, paths.length);
  const queue = paths.values();
  const job = async (_: unknown, index: number): Promise<void> => {
    using baseline = new Baseline();
    const run = (source: string): Promise<Outcome> =>
      engine.run(source, `conformance-${index}`, asked);
    for (const path of queue) {
      const verdict = await judge(setting, realm, path, run, baseline);
      report.add(path, verdict);
      progress.advance(verdict.kind === 'different');
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, job));
  progress.end();
  return report;
}

/** Runs one test, and in plain V8 as well when it fails. */
async function judge(
  { suite, engine: { limitMs }, known }: Setting,
  realm: RealmName,
  path: string,
  run: (source: string) => Promise<Outcome>,
  baseline: Baseline,
): Promise<Verdict> {
  const test = suite.read(path);
  const reason = skipReason(test);
  if (reason !== undefined) return { kind: 'skipped', reason };
  const composed = composeScript(test, suite);
  const { source } = composed;
  const outcome = await run(source);
  if (isPass(outcome, test.meta)) return { kind: 'passed' };
  const plain = await baseline.run({ source, limitMs, as: 'body' });
  const got = describeOutcome(outcome);
  if (!isPass(plain, test.meta)) {
    const script = {
      source: composeGlobalScript(test, suite).source,
      limitMs,
      as: 'script',
    } as const;
    const passesAsScript = isPass(await baseline.run(script), test.meta);
    const failure = { test: path, got, plain: describeOutcome(plain), passesAsScript };
    return { kind: 'failed-everywhere', failure };
  }
  const at =
    throwingLine(composed, outcome) ??
    (isErrorOfSuite(outcome)
      ? throwingLine(composed, await run(composeTraced(test, suite).source))
      : undefined);
  const explanation = known.find((candidate) => explains(candidate, { realm, path, got, at }));
  const difference = {
    test: path,
    expected: expectation(test.meta),
    got,
    at,
    known: explanation?.id,
  };
  return { kind: 'different', difference };
}

function explains(
  { realms, test, got, at }: KnownDifference,
  difference: { realm: RealmName; path: string; got: string; at: string | undefined },
): boolean {
  return (
    (realms ?? [difference.realm]).includes(difference.realm) &&
    test.test(difference.path) &&
    got.test(difference.got) &&
    (at === undefined || (difference.at !== undefined && at.test(difference.at)))
  );
}

/** The suite's own error is no Error and has no stack. */
function isErrorOfSuite(outcome: Outcome): boolean {
  return outcome.kind === 'threw' && outcome.name === 'Test262Error';
}

/** The innermost line of the test itself on the stack, and more lines of what it leaves open. */
function throwingLine(
  { source, firstLine, lastLine }: Composed,
  outcome: Outcome,
): string | undefined {
  if (outcome.kind !== 'threw') return undefined;
  const number = outcome.lines?.find((line) => line >= firstLine && line <= lastLine);
  if (number === undefined) return undefined;
  const lines = source.split('\n').slice(number - 1, lastLine);
  const end = lines.findIndex((line, index) => index === 3 || !/[(,=]\s*$/.test(line));
  return lines
    .slice(0, end + 1 || undefined)
    .map((line) => line.trim())
    .join(' ')
    .slice(0, 200);
}
