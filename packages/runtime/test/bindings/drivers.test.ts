import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtempDisposable, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('without the packages of their drivers, bindings say how to get them', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'cloister-no-drivers-'));
  const source = fileURLToPath(new URL('../../src', import.meta.url));
  await cp(source, join(folder.path, 'src'), { recursive: true });
  await mkdir(join(folder.path, 'node_modules'));
  const modules = dirname(dirname(createRequire(import.meta.url).resolve('zod/package.json')));
  for (const name of ['zod', 'undici', 'lru-cache']) {
    await symlink(join(modules, name), join(folder.path, 'node_modules', name));
  }
  await writeFile(
    join(folder.path, 'main.ts'),
    `import { cache, db } from './src/bindings/index.ts';
     const call = { tenant: { id: 'a' }, signal: new AbortController().signal };
     for (const [binding, method] of [[cache({ url: 'redis://localhost' }), 'get'], [db({ url: 'postgres://localhost/x' }), 'query']]) {
       try { await binding.methods.get(method).handler(call, 'TABLE t') } catch (error) { console.log(error.code, error.message) }
       await binding.close();
     }`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder.path, 'main.ts')]);
  expect(stdout).toMatch(
    /^invalid_options .*npm install ioredis\ninvalid_options .*npm install pg\n$/,
  );
});
