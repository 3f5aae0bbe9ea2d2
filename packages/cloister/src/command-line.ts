import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { parseArgs } from 'node:util';
import type { Language } from '@cloister/runtime';

/** The command line is wrong; the message says what. Exit status 2. */
export class CommandLineError extends Error {
  override readonly name = 'CommandLineError';
}

/** A script that the command line names. */
interface ScriptFile {
  /** Its name, for messages. */
  readonly file: string;
  readonly source: string;
  readonly language: Language;
}

/** `cloister run`. */
export interface RunCommand extends ScriptFile {
  readonly name: 'run';
  readonly input: unknown;
  readonly tenant: string | undefined;
  readonly user: unknown;
  readonly limits: { timeoutMs?: number; memoryMb?: number; apiCalls?: number };
  readonly realm: 'hardened' | 'fresh' | undefined;
  readonly json: boolean;
  /** An SQLite file or a Postgres URL that keeps compiled code. */
  readonly cache: string | undefined;
  /** A module with the bindings of `sdk`. */
  readonly bindings: string | undefined;
}

/** `cloister check`. */
export interface CheckCommand {
  readonly name: 'check';
  readonly files: readonly ScriptFile[];
}

/** `cloister types`. */
export interface TypesCommand {
  readonly name: 'types';
  readonly bindings: string | undefined;
}

export type Command = RunCommand | CheckCommand | TypesCommand | { readonly name: 'help' };

const runOptions = {
  input: { type: 'string' },
  tenant: { type: 'string' },
  user: { type: 'string' },
  timeout: { type: 'string' },
  memory: { type: 'string' },
  'api-calls': { type: 'string' },
  realm: { type: 'string' },
  language: { type: 'string' },
  json: { type: 'boolean' },
  cache: { type: 'string' },
  bindings: { type: 'string' },
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
      throw new CommandLineError('which command? run, check or types');
    case '-h':
    case '--help':
    case 'help':
      return { name: 'help' };
    case 'run':
      return parseRun(rest);
    case 'check':
      return parseCheck(rest);
    case 'types':
      return parseTypes(rest);
    default:
      throw new CommandLineError(
        `there is no command ${JSON.stringify(name)}; run, check or types`,
      );
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
    ...readScript(file, checkedLanguage(values.language)),
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
    cache: values.cache,
    bindings: values.bindings,
  };
}

function parseCheck(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help === true) return { name: 'help' };
  const { language, ...others } = values;
  const given = Object.keys(others)[0];
  if (given !== undefined) throw new CommandLineError(`check has no option --${given}`);
  if (positionals.length === 0) throw new CommandLineError('check takes the names of scripts');
  return {
    name: 'check',
    files: positionals.map((file) => readScript(file, checkedLanguage(language))),
  };
}

function parseTypes(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help === true) return { name: 'help' };
  const { bindings, ...others } = values;
  const given = Object.keys(others)[0] ?? positionals[0];
  if (given !== undefined) throw new CommandLineError(`types takes --bindings alone, not ${given}`);
  return { name: 'types', bindings };
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

function checkedLanguage(value: string | undefined): Language | undefined {
  if (value === undefined || value === 'javascript' || value === 'typescript') return value;
  throw new CommandLineError('--language must be javascript or typescript');
}

function readScript(file: string, language: Language | undefined): ScriptFile {
  return {
    language: language ?? languageOf(file),
    file: file === '-' ? '(standard input)' : file,
    source: readSource(file),
  };
}

/** Extensions that promise what a script cannot have, and why. */
const refusedExtensions: Readonly<Record<string, string>> = {
  '.tsx': 'JSX is not supported',
  '.jsx': 'JSX is not supported',
  '.mts': 'a script is the body of a function and no module',
  '.cts': 'a script is the body of a function and no module',
};

function languageOf(file: string): Language {
  const extension = extname(file).toLowerCase();
  const refusal = refusedExtensions[extension];
  if (refusal !== undefined) {
    throw new CommandLineError(
      `${file}: ${refusal}; TypeScript scripts are named .ts (or say --language typescript)`,
    );
  }
  return extension === '.ts' ? 'typescript' : 'javascript';
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
