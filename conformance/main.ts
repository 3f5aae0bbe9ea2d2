/**
 * `npm run conformance`: the public ECMAScript suite through `execute`, compared with plain V8.
 * Exit status: 0 when every difference from plain V8 is a known one, 1 when not, 2 for a wrong
 * command line.
 */
import { writeFileSync } from 'node:fs';
import { runPass } from './conformance.ts';
import { Engine } from './engine.ts';
import { knownDifferences as known } from './known/known-differences.ts';
import { readOptions, usage, type Options } from './options.ts';
import { printReport, type Report } from './report.ts';
import { Suite } from './suite.ts';

const testLimitMs = 10_000;
let options: Options;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exit(2);
}

const suite = new Suite(options.folder);
const reports: Report[] = [];
{
  await using engine = await Engine.open(options, testLimitMs);
  for (const realm of options.realms) {
    reports.push(await runPass({ suite, engine, known, options }, realm));
  }
}
for (const report of reports) process.stdout.write(printReport(report, known));
if (options.json !== undefined)
  writeFileSync(options.json, `${JSON.stringify(reports, null, 2)}\n`);
process.exitCode = reports.some(({ unexplained }) => unexplained.length > 0) ? 1 : 0;
