/**
 * `npm test`: every check of the repo in order, stopping at the first that fails. Further
 * arguments go to vitest. The last line says how many tests passed and failed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Counts {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

const folder = mkdtempSync(join(tmpdir(), 'cloister-test-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

for (const script of ['typecheck', 'lint', 'format:check', 'deadcode']) {
  const status = runScript(script);
  if (status !== 0) {
    process.stderr.write(`npm run ${script} failed\n`);
    process.exit(status);
  }
}

const report = join(folder, 'vitest.json');
const status = runScript('vitest', [
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);
process.stdout.write(`${closingLine(report)}\n`);
process.exit(status);

/** Runs a script of package.json with node_modules/.bin first in the path; answers its exit status. */
function runScript(script: string, args: readonly string[] = []): number {
  const { status: code } = spawnSync(process.execPath, ['--run', script, '--', ...args], {
    stdio: 'inherit',
  });
  return code ?? 1;
}

function closingLine(file: string): string {
  const counts = JSON.parse(readFileSync(file, 'utf8')) as Counts;
  const skipped = counts.numPendingTests + counts.numTodoTests;
  const line = `${counts.numPassedTests} passed, ${counts.numFailedTests} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}
