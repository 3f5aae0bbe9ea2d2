import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Binding } from '@cloister/runtime';
import { CommandLineError } from './command-line.ts';

/**
 * Loads the bindings that a module exports as `bindings`. It is the embedder's own code, and runs in
 * this process.
 * @throws {CommandLineError} when there is no such module or export.
 */
export async function loadBindings(file: string | undefined): Promise<readonly Binding[]> {
  if (file === undefined) return [];
  let module: { readonly bindings?: unknown };
  try {
    module = (await import(pathToFileURL(resolve(file)).href)) as typeof module;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandLineError(`--bindings: cannot load ${file}: ${reason}`);
  }
  if (!Array.isArray(module.bindings)) {
    throw new CommandLineError(`--bindings: ${file} must export a list named bindings`);
  }
  return module.bindings as Binding[];
}
