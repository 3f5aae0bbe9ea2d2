import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const tsc = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url));
const options = {
  target: 'esnext',
  lib: ['esnext'],
  types: [],
  noEmit: true,
  skipLibCheck: false,
  allowJs: true,
  checkJs: true,
  noImplicitAny: false,
};

/**
 * What TypeScript has against a script, the body of an async function, under these declarations. It is
 * strict with TypeScript alone, as editors are by default.
 */
export function problemsOf(declarations: string, source: string, extension = 'ts'): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'cloister-types-'));
  try {
    writeFileSync(join(folder, 'script-globals.d.ts'), declarations);
    writeFileSync(join(folder, `script.${extension}`), `async function script() {\n${source}\n}\n`);
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...options, strict: extension === 'ts' } }),
    );
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    return stdout.split('\n').filter((line) => line.includes('error TS'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
