import { createRuntime } from '@cloister/runtime';
import type { TypesCommand } from './command-line.ts';
import { loadBindings } from './load-bindings.ts';

/** Carries out `cloister types`. @returns the exit status. */
export async function types(command: TypesCommand): Promise<number> {
  const bindings = await loadBindings(command.bindings);
  // Starts nothing: only the declarations are wanted.
  const runtime = await createRuntime({ enabled: false, bindings });
  try {
    process.stdout.write(runtime.types());
  } finally {
    await runtime.shutdown();
  }
  return 0;
}
