import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** How the command line ended. */
export interface CliEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Sends this to the process, or to its whole group as a terminal does, once it has logged. */
  readonly interrupt?: 'process' | 'group';
}

/** Runs `cloister` with these arguments in a process of its own. */
export function cli(args: readonly string[], options: CliOptions = {}): Promise<CliEnd> {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], ...options.env },
    detached: options.interrupt === 'group',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const { promise, resolve } = Promise.withResolvers<CliEnd>();
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece: Buffer) => (stdout += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => {
    const isFirst = stderr === '';
    stderr += piece.toString();
    if (isFirst && options.interrupt === 'process') child.kill('SIGINT');
    if (isFirst && options.interrupt === 'group') process.kill(-child.pid!, 'SIGINT');
  });
  child.stdin.on('error', () => {}); // It may end without having read everything.
  child.stdin.end(options.stdin ?? '');
  child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  return promise;
}

/** Writes files into a folder of the test; gives back its path. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'cloister-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
