import {
  CloisterError,
  createRuntime,
  loadOptionsFromEnv,
  type LogEntry,
  type RunResult,
  type Runtime,
} from '@cloister/runtime';
import { BytecodeStoreError } from '@cloister/runtime/stores';
import { loadBindings } from './load-bindings.ts';
import { bytecodeCache } from './bytecode-cache.ts';
import { CommandLineError, type RunCommand } from './command-line.ts';
import { errorReport, stackIn } from './report.ts';

/** Carries out `cloister run`. @returns the exit status. */
export async function run(command: RunCommand): Promise<number> {
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort(new Error('interrupted')));
  const runtime = await openRuntime(command);
  try {
    const result = await execute(runtime, command, abort.signal);
    if (command.json) printRecord({ status: 'completed', ...result });
    else process.stdout.write(`${JSON.stringify(result.output, null, 2)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof CloisterError)) throw error;
    if (isCommandLineFault(error)) throw new CommandLineError(error.message);
    if (command.json) printRecord(failureRecord(error, command.file));
    else process.stderr.write(errorReport(error, command.file, command.source));
    return 1;
  } finally {
    await runtime.shutdown({ graceMs: 0 });
  }
}

/** A runtime for one run. Options of the command line count before the environment. */
export async function openRuntime(command?: RunCommand): Promise<Runtime> {
  try {
    const options = loadOptionsFromEnv();
    const limits = { ...options.limits, ...command?.limits };
    const one = { poolSize: 1, maxVms: 1, workers: 1, maxConcurrencyPerTenant: 1 };
    const cache =
      command?.cache === undefined
        ? options.cache
        : { ...options.cache, store: bytecodeCache(command.cache) };
    const bindings = await loadBindings(command?.bindings);
    return await createRuntime({
      ...options,
      ...one,
      limits,
      bindings,
      ...(cache === undefined ? {} : { cache }),
    });
  } catch (error) {
    if (error instanceof CloisterError && isCommandLineFault(error)) {
      throw new CommandLineError(error.message);
    }
    if (error instanceof BytecodeStoreError) {
      throw new CommandLineError(`--cache: ${error.message}`);
    }
    throw error;
  }
}

function execute(runtime: Runtime, command: RunCommand, signal: AbortSignal): Promise<RunResult> {
  return runtime.execute(command.source, command.input, {
    language: command.language,
    ...(command.tenant === undefined ? {} : { tenant: { id: command.tenant } }),
    ...(command.realm === undefined ? {} : { realm: command.realm }),
    user: command.user,
    execution: { trigger: 'cli' },
    signal,
    ...(command.json ? {} : { onLog: printLog }),
  });
}

function isCommandLineFault(error: CloisterError): boolean {
  return error.code === 'invalid_options' || error.code === 'invalid_context';
}

function printLog(entry: LogEntry): void {
  const level = entry.level === 'info' ? '' : `${entry.level}: `;
  process.stderr.write(`${level}${entry.message}\n`);
}

function printRecord(record: object): void {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

function failureRecord(error: CloisterError, file: string): object {
  const { code, name, message, line, column } = error;
  return {
    status: 'failed',
    output: null,
    logs: error.logs,
    usage: error.usage,
    executionId: error.executionId ?? null,
    error: { code, name, message, line, column, stack: stackIn(error, file) },
  };
}
