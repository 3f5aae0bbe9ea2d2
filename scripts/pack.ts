/** `npm run pack`: the tarballs that are published, in `dist` or the folder that the argument names. Prints their names. */
import { execFileSync } from 'node:child_process';
import { cpSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { declarationsFolder } from './build-packages.ts';
import { ensureBuilt } from './ensure-built.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const destination = resolve(process.argv[2] ?? join(root, 'dist'));
const built = await ensureBuilt();
const runtime = join(built, '@cloister/runtime');
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-b', 'packages/runtime'], {
  cwd: root,
  stdio: 'inherit',
});
cpSync(join(root, 'packages/runtime/dist'), join(runtime, declarationsFolder), {
  recursive: true,
  filter: (file) => statSync(file).isDirectory() || file.endsWith('.d.ts'),
});
const folders = [runtime, join(built, 'cloister')];
execFileSync('npm', ['pack', '--pack-destination', destination, ...folders], {
  cwd: root,
  stdio: 'inherit',
});
