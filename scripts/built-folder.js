import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = ['packages/runtime', 'packages/cloister', 'scripts'];
const ignored = new Set(['node_modules', 'dist', 'test']);

/**
 * Where the packages lie that were, or are to be, built of the sources as they are now: a folder for each
 * state of them, so that nothing that is used is ever changed. Plain JavaScript, for the command line's
 * start goes through it.
 */
export function builtFolder() {
  const newest = Math.max(...sources.map((source) => newestBelow(join(root, source))));
  return join(root, 'dist', `built-${Math.round(newest)}`, 'node_modules');
}

/** Folders count as well: theirs is the time when a file was last removed. */
function newestBelow(folder) {
  let newest = statSync(folder).mtimeMs;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (ignored.has(entry.name)) continue;
    const place = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestBelow(place) : statSync(place).mtimeMs);
  }
  return newest;
}
