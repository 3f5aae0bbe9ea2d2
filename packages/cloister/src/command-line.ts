import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** The command line is wrong; the message says what. Exit status 2. */
export class CommandLineError extends Error {
  override readonly name = 'CommandLineError';
}

/** `cloister run`. */
export interface RunCommand {
  readonly name: 'run';
  readonly file: string;
  readonly source: string;
  readonly input: unknown;
  readonly tenant: string | undefined;
  readonly user: unknown;
  readonly limits: { timeoutMs?: number; memoryMb?: number; apiCalls?: number };
  readonly realm: 'hardened' | 'fresh' | undefined;
  readonly json: boolean;
}

/** `cloister check`. */
export interface CheckCommand {
  readonly name: 'check';
  readonly files: readonly { readonly file: string; readonly source: string }[];
}

export type Command = RunCommand | CheckCommand | { readonly name: 'help' };

const runOptions = {
  input: { type: 'string' },
  tenant: { type: 'string' },
  user: { type: 'string' },
  timeout: { type: 'string' },
  memory: { type: 'string' },
  'api-calls': { type: 'string' },
  realm: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Reads the command line and the files that it names.
 * @throws {CommandLineError} when it makes no sense or a file cannot be read.
 */
export function parseCommandLine(args: readonly string[]): Command {
  const [name, ...rest] = args;
  switch (name) {
    case undefined:
      throw new CommandLineError('which command? run or check');
    case '-h':
    case '--help':
    case 'help':
      return { name: 'help' };
    case 'run':
      return parseRun(rest);
    case 'check':
      return parseCheck(rest);
    default:
      throw new CommandLineError(`there is no command ${JSON.stringify(name)}; run or check`);
  }
}

function parseRun(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help === true) return { name: 'help' };
  const [file, ...more] = positionals;
  if (file === undefined) throw new CommandLineError('run takes the name of a script, or -');
  if (more.length > 0) throw new CommandLineError(`run takes one script; ${more[0]} is one more`);
  const { realm } = values;
  if (realm !== undefined && realm !== 'hardened' && realm !== 'fresh') {
    throw new CommandLineError('--realm must be hardened or fresh');
  }
  return {
    name: 'run',
    file: file === '-' ? '(standard input)' : file,
    source: readSource(file),
    input: values.input === undefined ? undefined : readJson(values.input, '--input'),
    tenant: values.tenant,
    user: values.user === undefined ? undefined : readJson(values.user, '--user'),
    limits: {
      ...limit('timeoutMs', values.timeout, '--timeout'),
      ...limit('memoryMb', values.memory, '--memory'),
      ...limit('apiCalls', values['api-calls'], '--api-calls'),
    },
    realm,
    json: values.json === true,
  };
}

function parseCheck(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help === true) return { name: 'help' };
  const given = Object.keys(values)[0];
  if (given !== undefined) throw new CommandLineError(`check has no option --${given}`);
  if (positionals.length === 0) throw new CommandLineError('check takes the names of scripts');
  return {
    name: 'check',
    files: positionals.map((file) => ({ file, source: readSource(file) })),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: runOptions, allowPositionals: true });
  } catch (error) {
    throw new CommandLineError(error instanceof Error ? error.message : String(error));
  }
}

function limit<Name extends string>(
  name: Name,
  text: string | undefined,
  option: string,
): { [key in Name]?: number } {
  if (text === undefined) return {};
  if (!/^\d{1,15}$/.test(text)) {
    throw new CommandLineError(`${option} must be a whole number, not ${JSON.stringify(text)}`);
  }
  return { [name]: Number(text) } as { [key in Name]: number };
}

function readSource(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandLineError(`cannot read ${file}: ${reason(error)}`);
  }
}

function readJson(text: string, option: string): unknown {
  let json = text;
  if (text.startsWith('@')) {
    try {
      json = readFileSync(text.slice(1), 'utf8');
    } catch (error) {
      throw new CommandLineError(`${option}: cannot read ${text.slice(1)}: ${reason(error)}`);
    }
  }
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new CommandLineError(`${option} is not JSON: ${reason(error)}`);
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
