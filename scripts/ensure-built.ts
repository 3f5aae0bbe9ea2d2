import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { buildPackages } from './build-packages.ts';
import { builtFolder } from './built-folder.js';

/** Builds the packages, unless that was done of the sources as they are now. @returns the folder that they are in. */
export async function ensureBuilt(): Promise<string> {
  const folder = builtFolder();
  if (existsSync(folder)) return folder;
  const all = dirname(dirname(folder));
  mkdirSync(all, { recursive: true });
  const temporary = mkdtempSync(join(all, 'building-'));
  // Workers may run as a user to whom nothing belongs.
  chmodSync(temporary, 0o755);
  try {
    await buildPackages(join(temporary, basename(folder)));
    for (const older of readdirSync(all).filter((name) => name.startsWith('built-'))) {
      rmSync(join(all, older), { recursive: true, force: true });
    }
    renameSync(temporary, dirname(folder));
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Another process may have been faster.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
