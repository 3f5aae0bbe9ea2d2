import { CloisterError } from '@cloister/runtime';
import type { CheckCommand } from './command-line.ts';
import { errorReport } from './report.ts';
import { openRuntime } from './run.ts';

/** Carries out `cloister check`. @returns the exit status. */
export async function check(command: CheckCommand): Promise<number> {
  const runtime = await openRuntime();
  let status = 0;
  try {
    for (const { file, source, language } of command.files) {
      try {
        await runtime.validateSyntax(source, { language });
        process.stdout.write(`${file}: ok\n`);
      } catch (error) {
        if (!(error instanceof CloisterError)) throw error;
        process.stderr.write(errorReport(error, file, source));
        status = 1;
      }
    }
  } finally {
    await runtime.shutdown({ graceMs: 0 });
  }
  return status;
}
