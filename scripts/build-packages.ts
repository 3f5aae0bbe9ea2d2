import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown, type InputOption } from 'rolldown';
import { workerV8Flags } from '../packages/runtime/src/host/worker-program.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const runtimeSources = join(root, 'packages/runtime/src');

/** Where the declarations of the runtime go, in its folder. */
export const declarationsFolder = 'dist/types';

interface Manifest {
  readonly [field: string]: unknown;
  readonly devDependencies?: unknown;
}

/**
 * Makes the packages as they are installed: JavaScript in few files, since the number of modules is most
 * of what loading ours takes (50 ms of a worker's start). They find each other and what they need when
 * `folder` is a `node_modules` somewhere in the repository.
 */
export async function buildPackages(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  await Promise.all([
    buildRuntime(join(folder, '@cloister/runtime')),
    buildCloister(join(folder, 'cloister')),
  ]);
}

async function buildRuntime(folder: string): Promise<void> {
  const built = join(folder, 'dist');
  mkdirSync(built, { recursive: true });
  const source = (file: string): string => join(runtimeSources, file);
  await Promise.all([
    bundle(built, 'esm', {
      index: source('index.ts'),
      bindings: source('bindings/index.ts'),
      stores: source('stores/index.ts'),
      eraser: source('eraser/main.ts'),
      'sqlite-thread': source('stores/sqlite/thread.ts'),
    }),
    // Node's loader of modules takes a worker 10 ms; that of CommonJS is there anyway.
    bundle(built, 'cjs', { worker: source('worker/main.ts') }),
  ]);
  const flags = ['--no-node-snapshot', '--no-warnings', ...workerV8Flags];
  execFileSync(process.execPath, [
    ...flags,
    source('worker/build-guest.ts'),
    join(built, 'guest.bin'),
  ]);
  cpSync(join(root, 'packages/runtime/types'), join(folder, 'types'), { recursive: true });
  const entry = (name: string, types: string): object => ({
    types: `./${declarationsFolder}/${types}.d.ts`,
    default: `./dist/${name}.js`,
  });
  finish('runtime', folder, {
    exports: {
      '.': entry('index', 'index'),
      './bindings': entry('bindings', 'bindings/index'),
      './stores': entry('stores', 'stores/index'),
    },
  });
}

async function buildCloister(folder: string): Promise<void> {
  const built = join(folder, 'dist');
  await bundle(built, 'esm', { main: join(root, 'packages/cloister/src/main.ts') });
  chmodSync(join(built, 'main.js'), 0o755);
  finish('cloister', folder, { bin: { cloister: './dist/main.js' } });
}

async function bundle(folder: string, format: 'esm' | 'cjs', input: InputOption): Promise<void> {
  const ours = /^[./]/;
  const external = (id: string): boolean =>
    !ours.test(id) && !(format === 'cjs' && id === 'lru-cache');
  const build = await rolldown({ input, platform: 'node', external, logLevel: 'warn' });
  const extension = format === 'esm' ? 'js' : 'cjs';
  await build.write({
    dir: folder,
    format,
    entryFileNames: `[name].${extension}`,
    chunkFileNames: `[name]-[hash].${extension}`,
  });
  await build.close();
}

function finish(name: string, folder: string, fields: object): void {
  const file = join(root, 'packages', name, 'package.json');
  const { devDependencies, ...manifest } = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  void devDependencies;
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ ...manifest, ...fields }, null, 2)}\n`,
  );
  for (const text of ['README.md', 'LICENSE']) cpSync(join(root, text), join(folder, text));
}
