import { fileURLToPath } from 'node:url';

/** What runs beside the embedder's own code: processes, and a thread. */
export type OwnProgram = 'worker' | 'eraser' | 'sqlite-thread';

/**
 * Sources run as they are in the repository, in their folders below `src`. A built package has all in one
 * folder, and the worker in one file: loading many takes longer than all else that it does at its start.
 * This module is one below the package's folder in both.
 */
const isBuilt = !import.meta.url.endsWith('.ts');
const sources: Readonly<Record<OwnProgram, string>> = {
  worker: 'worker/main.ts',
  eraser: 'eraser/main.ts',
  'sqlite-thread': 'stores/sqlite/thread.ts',
};

/** The folder of this package. */
export const ownFolder: URL = new URL('..', import.meta.url);

/** The file that a program begins with. */
export function programFile(program: OwnProgram): string {
  const file = isBuilt ? `${program}.${program === 'worker' ? 'cjs' : 'js'}` : sources[program];
  return fileURLToPath(new URL(file, import.meta.url));
}
