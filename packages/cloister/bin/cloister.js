#!/usr/bin/env node
// `npx cloister` in the repository; an installed package begins with what is built of `src/main.ts`. That
// starts in a third of the time, so it is built here, too, whenever the sources have changed; where
// that cannot be done, they run as they are.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtFolder } from '../../../scripts/built-folder.js';

const main = join(builtFolder(), 'cloister/dist/main.js');
if (existsSync(main) || (await build())) await import(pathToFileURL(main).href);
else await import('../src/main.ts');

async function build() {
  try {
    const { ensureBuilt } = await import('../../../scripts/ensure-built.ts');
    await ensureBuilt();
    return true;
  } catch {
    return false;
  }
}
