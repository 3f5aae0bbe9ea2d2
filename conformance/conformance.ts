import { Baseline } from './baseline.ts';
import { composeScript } from './compose.ts';
import type { Engine } from './engine.ts';
import type { KnownDifference } from './known-differences.ts';
import type { Options, RealmName } from './options.ts';
import { describeOutcome, expectation, isPass } from './outcome.ts';
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

/** Runs the tests that were asked for in one realm, several at a time, each job as a tenant of its own. */
export async function runPass(setting: Setting, realm: RealmName): Promise<Report> {
  const { suite, options } = setting;
  const paths = suite.list(options);
  const report = new Report(realm);
  const progress = new Progress(realm, paths.length);
  const queue = paths.values();
  const job = async (_: unknown, index: number): Promise<void> => {
    using baseline = new Baseline();
    for (const path of queue) {
      const verdict = await judge(setting, realm, path, `conformance-${index}`, baseline);
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
  { suite, engine, known }: Setting,
  realm: RealmName,
  path: string,
  tenant: string,
  baseline: Baseline,
): Promise<Verdict> {
  const test = suite.read(path);
  const reason = skipReason(test);
  if (reason !== undefined) return { kind: 'skipped', reason };
  const source = composeScript(test, suite);
  const outcome = await engine.run(source, tenant, realm);
  if (isPass(outcome, test.meta)) return { kind: 'passed' };
  const plain = await baseline.run({ source, limitMs: engine.limitMs });
  const got = describeOutcome(outcome);
  if (!isPass(plain, test.meta)) {
    const failure = { test: path, got, plain: describeOutcome(plain) };
    return { kind: 'failed-everywhere', failure };
  }
  const explanation = known.find(
    ({ realms, test: pattern, got: ending }) =>
      (realms ?? [realm]).includes(realm) && pattern.test(path) && ending.test(got),
  );
  const difference = {
    test: path,
    expected: expectation(test.meta),
    got,
    at: outcome.kind === 'threw' ? sourceLine(source, outcome.line) : undefined,
    known: explanation?.id,
  };
  return { kind: 'different', difference };
}

function sourceLine(source: string, line: number | undefined): string | undefined {
  return line === undefined ? undefined : source.split('\n')[line - 1]?.trim().slice(0, 200);
}
