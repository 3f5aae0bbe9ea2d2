#!/usr/bin/env node
import { CloisterError } from '@cloister/runtime';
import { check } from './check.ts';
import { CommandLineError, parseCommandLine } from './command-line.ts';
import { run } from './run.ts';
import { types } from './types.ts';
import { usageText } from './usage-text.ts';

/** Exit statuses of design section 5. */
const failed = 1;
const wrongCommandLine = 2;

async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parseCommandLine(args);
    switch (command.name) {
      case 'help':
        process.stdout.write(usageText);
        return 0;
      case 'run':
        return await run(command);
      case 'check':
        return await check(command);
      case 'types':
        return await types(command);
    }
  } catch (error) {
    if (error instanceof CloisterError) {
      process.stderr.write(`cloister: ${error.message}\n[${error.code}]\n`);
      return failed;
    }
    if (!(error instanceof CommandLineError)) throw error;
    process.stderr.write(`cloister: ${error.message}\nSee cloister --help.\n`);
    return wrongCommandLine;
  }
}

process.exitCode = await main(process.argv.slice(2));
