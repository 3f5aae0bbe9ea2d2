import { basename } from 'node:path';
import type { CloisterError } from '@cloister/runtime';
import { codeFrame } from './code-frame.ts';

/** How the engine calls every script in stack frames. */
const engineName = /\bscript\.js(?=:\d+:\d+)/g;

/** The stack of an error, with the file as the user knows it. */
export function stackIn(error: CloisterError, file: string): string {
  return (error.stack ?? '').replace(engineName, () => basename(file));
}

/** An error as it is shown to a person: where, the line itself, what. */
export function errorReport(error: CloisterError, file: string, source: string): string {
  const { line, column } = error;
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  const frame = line === undefined ? '' : codeFrame(source, line, column ?? 1);
  const what =
    error.code === 'script_error' ? stackIn(error, file) : `${error.name}: ${error.message}`;
  return `${place}\n${frame}${what}\n[${error.code}]\n`;
}
