import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { errorTable, type ErrorCode, type Fault } from '../src/index.ts';
import { limitNames, limitRules } from '../src/limits.ts';
import { environmentVariables } from '../src/options.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const codes = Object.keys(errorTable) as ErrorCode[];

/** All files under a folder, as paths from the root of the repo. */
function filesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (['node_modules', 'dist', '.git'].includes(entry.name)) return [];
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

describe('docs/errors.md', () => {
  const text = read('docs/errors.md');
  /** What stands under each `### code`, and the `## …` that it stands under. */
  const entries = new Map(
    text
      .split(/^## /m)
      .slice(1)
      .flatMap((part) => {
        const [section, ...pages] = part.split(/^### /m);
        return pages.map((page): [string, { section: string; page: string }] => [
          page.split('\n', 1)[0]!.trim(),
          { section: section!.trim(), page },
        ]);
      }),
  );

  test('has a heading for every code of the table and no other, each once', () => {
    const headings = [...text.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading!);
    expect(headings.toSorted()).toEqual(codes.toSorted());
  });

  test.each(codes)(
    'has %s under the fault of the table, and calls it retryable if it is',
    (code) => {
      const sections: Record<Fault, string> = {
        script: 'Faults of the script',
        caller: 'Faults of the caller',
        system: 'Faults of the system',
      };
      const { section, page } = entries.get(code)!;
      expect(section).toBe(sections[errorTable[code].fault]);
      expect(/\bretryable\b/i.test(page)).toBe(errorTable[code].retryable);
    },
  );
});

describe('README.md', () => {
  test.each(environmentVariables)('names the environment variable %s', (name) => {
    expect(read('README.md')).toContain(name);
  });

  test.each(limitNames)('has a line with the limit %s and its default', (name) => {
    const lines = read('README.md')
      .split('\n')
      .filter((line) => line.includes(`\`${name}\``));
    expect(lines, `no line has \`${name}\``).not.toEqual([]);
    const texts = lines.map((line) =>
      line.replaceAll(/(?<=\d)[ \u00A0\u2009\u202F_,](?=\d{3})/g, ''),
    );
    const forms = formsOf(limitRules[name].default).map(
      (form) => new RegExp(`(?<![\\d.])${form}(?![\\d.]\\d?)`),
    );
    expect(
      texts.some((line) => forms.some((form) => form.test(line))),
      lines.join('\n'),
    ).toBe(true);
  });
});

/** How a default may be written, thousands not being set apart. */
function formsOf(value: number): string[] {
  const units = [
    ['KiB', 1024],
    ['MiB', 1024 ** 2],
  ] as const;
  const sizes = units
    .filter(([, size]) => value % size === 0)
    .map(([unit, size]) => `${value / size} ${unit}`);
  return [String(value), ...sizes];
}

describe('ARCHITECTURE.md', () => {
  const sources = [...filesUnder('packages/runtime/src'), ...filesUnder('packages/runtime/guest')];

  test.each(sources.filter((path) => !path.endsWith('.json')))('names %s', (path) => {
    const text = read('ARCHITECTURE.md');
    const isNamed = mentioned(text).some((name) => endsLike(basename(path)).test(name));
    const isInNamedFolder = globs(text).some((glob) => matchesGlob(path, glob));
    expect(isNamed || isInNamedFolder, `neither ${path} nor a glob that it fits`).toBe(true);
  });

  test('names no glob that fits no file', () => {
    const files = filesUnder('.');
    const empty = globs(read('ARCHITECTURE.md')).filter(
      (glob) => !files.some((path) => matchesGlob(path, glob)),
    );
    expect(empty).toEqual([]);
  });

  test('names no file that does not exist', () => {
    const files = filesUnder('.');
    const missing = mentioned(read('ARCHITECTURE.md')).filter(
      (name) => !files.some((path) => isAt(path, name)),
    );
    expect(missing).toEqual([]);
  });
});

/** The names of files in a text, with the folders that stand before them. */
function mentioned(text: string): string[] {
  const names = text.matchAll(
    /(?<![\w@./*-])(?:[\w@.-]+\/)*[\w.-]*\w\.(?:d\.ts|ts|js|mjs|json|md|yml)\b(?!\()/g,
  );
  return [...new Set([...names].map(([name]) => name.replace(/^(\.\.?\/)+/, '')))].filter(
    (name) => name !== 'Node.js',
  );
}

/** Names of several files at once, such as `guest/web/*.js` or `guest/format-*.js`. */
function globs(text: string): string[] {
  const names = text.matchAll(/(?<![\w@./*-])(?:[\w@.-]+\/)+[\w.-]*\*[\w.-]*\.(?:ts|js)\b/g);
  return [...new Set([...names].map(([name]) => name.replace(/^(\.\.?\/)+/, '')))];
}

/** Whether a path ends in what a glob stands for; its star is a part of a file's name. */
function matchesGlob(path: string, glob: string): boolean {
  const pattern = glob.replaceAll('.', '\\.').replace('*', '[\\w.-]+');
  return new RegExp(`(^|/)${pattern}$`).test(path);
}

function endsLike(name: string): RegExp {
  return new RegExp(`(^|/)${name.replaceAll('.', '\\.')}$`);
}

function isAt(path: string, name: string): boolean {
  return path === name || path.endsWith(`/${name}`);
}
