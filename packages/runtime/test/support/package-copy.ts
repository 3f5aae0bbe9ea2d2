import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';

const packageFolder = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);

/** A copy of @cloister/runtime in a folder of its own, to be broken by a test. */
export interface PackageCopy {
  /** The address of its entry point. */
  readonly index: string;
  /** The text of one of its files. */
  read(file: string): string;
  /** Puts other text into one of its files, or into a package that it depends on. */
  write(file: string, text: string): void;
}

/** The folder of isolated-vm's binaries for this machine. */
export const ownPrebuilds: string = join('prebuilds', `${process.platform}-${process.arch}`);

/** Of isolated-vm: four fifths of it are for other machines, or sources. */
const isNeeded = (file: string): boolean =>
  !/\.tgz$|[\\/]src$|[\\/]prebuilds[\\/]/.test(file) || file.includes(ownPrebuilds);

/**
 * Copies the sources of the package and its dependencies to where a test may change them. The
 * copy is removed at the end of the test.
 */
export function copyPackage(): PackageCopy {
  const folder = mkdtempSync(join(tmpdir(), 'cloister-copy-'));
  // As installed packages are: workers may run as a user who owns nothing.
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const part of ['src', 'guest', 'package.json']) {
    cpSync(join(packageFolder, part), join(folder, part), { recursive: true });
  }
  const addon = require.resolve('isolated-vm/package.json');
  const loader = createRequire(addon).resolve('node-gyp-build/package.json');
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  cpSync(dirname(addon), join(modules, 'isolated-vm'), { recursive: true, filter: isNeeded });
  cpSync(dirname(loader), join(modules, 'node-gyp-build'), { recursive: true });
  const lru = require.resolve('lru-cache');
  const lruFolder = lru.slice(0, lru.lastIndexOf('/lru-cache/') + '/lru-cache'.length);
  symlinkSync(lruFolder, join(modules, 'lru-cache'));
  return {
    index: pathToFileURL(join(folder, 'src/index.ts')).href,
    read: (file) => readFileSync(join(folder, file), 'utf8'),
    write: (file, text) => writeFileSync(join(folder, file), text),
  };
}
