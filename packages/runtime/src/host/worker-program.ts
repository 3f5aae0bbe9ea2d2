import { existsSync, realpathSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownFolder, programFile } from '../own-files.ts';
import { stackSizeFlag } from './stack-size.ts';

/** What a child process runs: the `main` file of one of these rooms. */
export type WorkerProgram = 'worker' | 'eraser';

const commonFlags = ['--no-node-snapshot', '--no-warnings', '--permission'] as const;
const maxParserMemoryMib = 512;
/**
 * What a half of the young generation of a VM may grow to; it begins as small as ever. isolated-vm allows
 * 0.5 MiB at a limit of 128, so that promises and all else that lives for a moment is copied again and
 * again, which is most of the time of such a script. V8 adds three times this to a VM's limit of memory.
 */
const maxYoungMib = 2;

/** What V8 is told in workers: code that it makes fits only where it was told the same. */
export const workerV8Flags: readonly string[] = [
  `--max-semi-space-size=${maxYoungMib}`,
  // Else V8 collects that generation after turns that have filled most of it, too. It is filled up as
  // well later, and what became of the run could not be asked until that was over.
  '--no-minor-gc-task',
  ...stackSizeFlag(),
];

/** Flags of design section 12. */
const flags: Readonly<Record<WorkerProgram, () => readonly string[]>> = {
  // The loader of isolated-vm's binary looks at /etc/alpine-release.
  worker: () => [
    ...commonFlags,
    ...workerV8Flags,
    '--allow-addons',
    ...allowRead(programFolders('worker')),
    ...searchedInVain('isolated-vm').map((file) => `--allow-fs-read=${file}`),
    '--allow-fs-read=/etc/alpine-release',
  ],
  // The parser is WebAssembly, whose pages are 64 KiB; its memory never shrinks.
  eraser: () => [
    ...commonFlags,
    ...allowRead(programFolders('eraser')),
    `--wasm-max-mem-pages=${maxParserMemoryMib * 16}`,
  ],
};

/**
 * The command that runs {@link file://../worker/main.ts} or {@link file://../eraser/main.ts} in a Node
 * that may read the code that it runs, and nothing else.
 */
export function programCommand(program: WorkerProgram): readonly string[] {
  return [process.execPath, ...flags[program](), programFile(program)];
}

let folders: Readonly<Record<WorkerProgram, readonly string[]>> | undefined;

/** What a program loads: our own package and those that it imports, where they are looked for. */
export function programFolders(program: WorkerProgram): readonly string[] {
  const own = realpathSync(fileURLToPath(ownFolder));
  folders ??= {
    worker: [
      own,
      packageFolder('lru-cache', import.meta.url),
      packageFolder('isolated-vm', import.meta.url),
      packageFolder('node-gyp-build', packageFolder('isolated-vm', import.meta.url)),
    ],
    eraser: [own],
  };
  return folders[program];
}

function allowRead(places: readonly string[]): string[] {
  return places.map((folder) => `--allow-fs-read=${realpathSync(folder)}`);
}

/**
 * What `require` looks for, in folders of packages that are nearer, before it finds a package: a look that
 * is refused would end the search.
 */
function searchedInVain(name: string): string[] {
  const found = packageFolder(name, import.meta.url);
  const files: string[] = [];
  let folder = dirname(realpathSync(fileURLToPath(ownFolder)));
  for (; folder !== dirname(folder); folder = dirname(folder)) {
    const packages = join(folder, 'node_modules');
    if (join(packages, name) === found) break;
    if (existsSync(packages)) files.push(join(packages, name, 'package.json'));
  }
  return files;
}

function packageFolder(name: string, from: string): string {
  const file = findPackageJSON(name, from);
  if (file === undefined) throw new Error(`the package ${name} is not installed`);
  return dirname(file);
}
