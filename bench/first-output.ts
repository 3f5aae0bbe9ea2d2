import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { median } from './measure.ts';

/** A command line, and where it is started. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
}

/** What a command wrote first, and when: in milliseconds from its start. */
export interface FirstOutput {
  readonly ms: number;
  readonly text: string;
}

/** Starts a command again and again, one at a time. @returns the middle one of the times. */
export async function firstOutput(command: Command, rounds: number): Promise<number> {
  return median((await firstOutputs(command, rounds)).map(({ ms }) => ms));
}

/**
 * Starts a command once to bring its files into memory, then `rounds` times, one at a time.
 * @throws {Error} with what it wrote on standard error, when it ends without output.
 */
export async function firstOutputs(command: Command, rounds: number): Promise<FirstOutput[]> {
  const outputs: FirstOutput[] = [];
  for (let round = 0; round <= rounds; round++) outputs.push(await startOnce(command));
  return outputs.slice(1);
}

async function startOnce({ file, args, cwd }: Command): Promise<FirstOutput> {
  const begun = performance.now();
  const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
  const closed = once(child, 'close');
  let first: FirstOutput | undefined;
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    first ??= { ms: performance.now() - begun, text: chunk.toString() };
  });
  child.stderr.on('data', (chunk: Buffer) => void (errors += chunk.toString()));
  await closed;
  if (first === undefined) throw new Error(reasonOf(errors) ?? `${file} wrote nothing`);
  return first;
}

/** The line that says what went wrong, of what Node prints when a program throws. */
function reasonOf(errors: string): string | undefined {
  return /^\w*Error.*: (.*)$/m.exec(errors)?.[1];
}
