import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');

/** A file of the repo, what it imports, and whether the rooms allow that. */
type Case = readonly [file: string, specifier: string, verdict: 'refused' | 'allowed'];

const cases: readonly Case[] = [
  ['packages/runtime/src/runtime.ts', './host/pool.ts', 'allowed'],
  ['packages/runtime/src/runtime.ts', './worker/vm.ts', 'refused'],
  ['packages/runtime/src/runtime.ts', '../guest/format.js', 'refused'],
  ['packages/runtime/src/runtime.ts', 'isolated-vm', 'refused'],
  ['packages/runtime/src/runtime.ts', 'node:child_process', 'refused'],
  ['packages/runtime/src/host/pool.ts', '../limits.ts', 'allowed'],
  ['packages/runtime/src/host/pool.ts', '../protocol/messages.ts', 'allowed'],
  ['packages/runtime/src/host/pool.ts', './worker-process.ts', 'allowed'],
  ['packages/runtime/src/host/pool.ts', '../worker/run.ts', 'refused'],
  ['packages/runtime/src/host/pool.ts', 'isolated-vm', 'refused'],
  ['packages/runtime/src/host/pool.ts', 'child_process', 'refused'],
  ['packages/runtime/src/host/worker-process.ts', 'node:child_process', 'allowed'],
  ['packages/runtime/src/host/worker-process.ts', '../worker/main.ts', 'refused'],
  ['packages/runtime/src/host/worker-process.ts', 'isolated-vm', 'refused'],
  ['packages/runtime/src/worker/run.ts', './vm.ts', 'allowed'],
  ['packages/runtime/src/worker/run.ts', '../protocol/messages.ts', 'allowed'],
  ['packages/runtime/src/worker/run.ts', '../host/pool.ts', 'refused'],
  ['packages/runtime/src/worker/run.ts', '../runtime.ts', 'refused'],
  ['packages/runtime/src/worker/run.ts', 'isolated-vm', 'refused'],
  ['packages/runtime/src/worker/run.ts', 'node:child_process', 'refused'],
  ['packages/runtime/src/runtime.ts', './eraser/erase-types.ts', 'refused'],
  ['packages/runtime/src/host/pool.ts', '../eraser/erase-types.ts', 'refused'],
  ['packages/runtime/src/host/worker-process.ts', '../eraser/main.ts', 'refused'],
  ['packages/runtime/src/worker/run.ts', '../eraser/erase-types.ts', 'refused'],
  ['packages/runtime/src/eraser/main.ts', './erase-types.ts', 'allowed'],
  ['packages/runtime/src/eraser/main.ts', '../protocol/host-pipe.ts', 'allowed'],
  ['packages/runtime/src/eraser/main.ts', '../worker/vm.ts', 'refused'],
  ['packages/runtime/src/eraser/main.ts', '../host/pool.ts', 'refused'],
  ['packages/runtime/src/eraser/main.ts', '../errors.ts', 'refused'],
  ['packages/runtime/src/eraser/main.ts', 'isolated-vm', 'refused'],
  ['packages/runtime/src/eraser/main.ts', 'node:child_process', 'refused'],
  ['packages/runtime/src/worker/vm.ts', '../eraser/erase-types.ts', 'refused'],
  ['packages/runtime/src/worker/vm.ts', 'isolated-vm', 'allowed'],
  ['packages/runtime/src/worker/vm.ts', '../host/pool.ts', 'refused'],
  ['packages/runtime/src/worker/vm.ts', 'node:child_process', 'refused'],
  ['packages/runtime/src/protocol/messages.ts', './frames.ts', 'allowed'],
  ['packages/runtime/src/protocol/messages.ts', '../host/pool.ts', 'refused'],
  ['packages/runtime/src/protocol/messages.ts', '../worker/run.ts', 'refused'],
  ['packages/runtime/guest/format.js', './console.js', 'refused'],
  ['packages/runtime/guest/format.js', 'node:fs', 'refused'],
  ['packages/cloister/src/main.ts', '@cloister/runtime', 'allowed'],
  ['packages/cloister/src/main.ts', '@cloister/runtime/bindings', 'allowed'],
  ['packages/cloister/src/main.ts', '@cloister/runtime/src/host/pool.ts', 'refused'],
  ['packages/cloister/src/main.ts', '../../runtime/src/host/pool.ts', 'refused'],
  ['packages/runtime/test/worker/vm.test.ts', 'isolated-vm', 'allowed'],
  ['packages/runtime/test/worker/vm.test.ts', '../../src/worker/vm.ts', 'allowed'],
  ['bench/startup.ts', 'node:child_process', 'allowed'],
  ['examples/embed.ts', 'node:child_process', 'allowed'],
];

/** Every way of naming another module; the rules make no exception for any of them. */
const forms: Readonly<Record<string, (specifier: string, name: string) => string>> = {
  import: (specifier, name) => `import { ${name} } from '${specifier}';`,
  'import type': (specifier, name) => `import type { ${name} } from '${specifier}';`,
  export: (specifier, name) => `export { ${name} } from '${specifier}';`,
  'import()': (specifier) => `await import('${specifier}');`,
};

interface Report {
  readonly diagnostics: readonly {
    readonly code: string;
    readonly filename: string;
    readonly labels: readonly { readonly span: { readonly line: number } }[];
  }[];
}

/** `file:line` of each import that the linter refused. */
let refused: ReadonlySet<string>;

/** The lines of one file: each of its cases in each form. */
function linesOf(file: string): { specifier: string; form: string; text: string }[] {
  const ofFile = cases.filter(([name]) => name === file);
  return ofFile.flatMap(([, specifier], at) =>
    Object.entries(forms)
      .filter(([form]) => file.endsWith('.ts') || form !== 'import type')
      .map(([form, write], of) => ({ specifier, form, text: write(specifier, `n${at}x${of}`) })),
  );
}

beforeAll(async () => {
  await using tree = await mkdtempDisposable(join(tmpdir(), 'cloister-import-rules-'));
  await copyFile(join(root, '.oxlintrc.json'), join(tree.path, '.oxlintrc.json'));
  for (const file of new Set(cases.map(([name]) => name))) {
    await mkdir(dirname(join(tree.path, file)), { recursive: true });
    const lines = linesOf(file).map(({ text }) => text);
    await writeFile(join(tree.path, file), lines.join('\n'));
  }
  const report = await lint(tree.path);
  refused = new Set(
    report.diagnostics
      .filter(({ code }) => code === 'eslint(no-restricted-imports)')
      .map(({ filename, labels }) => `${filename}:${labels[0]?.span.line}`),
  );
});

async function lint(folder: string): Promise<Report> {
  // Offences make oxlint exit with 1; its report is on stdout all the same.
  const { stdout } = await promisify(execFile)(process.execPath, [oxlint, '-f', 'json'], {
    cwd: folder,
    maxBuffer: 2 ** 26,
  }).catch((error: unknown) => error as { stdout: string });
  return JSON.parse(stdout) as Report;
}

test.each(cases)('%s importing %s is %s', (file, specifier, verdict) => {
  const lines = linesOf(file).map((line, index) => ({ ...line, at: `${file}:${index + 1}` }));
  const ofCase = lines.filter((line) => line.specifier === specifier);
  const seen = ofCase.filter(({ at }) => refused.has(at)).map(({ form }) => form);
  expect(seen).toEqual(verdict === 'refused' ? ofCase.map(({ form }) => form) : []);
});
