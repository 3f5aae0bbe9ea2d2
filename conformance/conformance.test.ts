import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPass } from './conformance.ts';
import { Engine } from './engine.ts';
import { readFrontMatter } from './front-matter.ts';
import { knownDifferences } from './known/known-differences.ts';
import { readOptions } from './options.ts';
import { samples, writeSuite } from './suite-of-our-own.ts';
import { Suite } from './suite.ts';
import type { Report } from './report.ts';

let folder = '';
beforeAll(() => {
  folder = writeSuite();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(args: readonly string[], known = knownDifferences): Promise<Report> {
  const options = readOptions(['--test262', folder, '--jobs', '2', ...args]);
  await using engine = await Engine.open(options, 2000);
  return await runPass({ suite: new Suite(folder), engine, known, options }, undefined);
}

const withVerdict = (verdict: string): readonly string[] =>
  Object.keys(samples)
    .filter((path) => samples[path]?.verdict === verdict)
    .toSorted();

describe('a pass over a tiny suite', () => {
  it('gives each flag, phase and path the verdict that it is meant to have', async () => {
    const report = await run([], []);
    expect(report.failures.map(({ test }) => test).toSorted()).toEqual(withVerdict('failed'));
    expect(report.differences.map(({ test }) => test).toSorted()).toEqual(withVerdict('different'));
    expect(report.total).toEqual({
      passed: withVerdict('passed').length,
      failed: withVerdict('failed').length,
      different: withVerdict('different').length,
      skipped: withVerdict('skipped').length,
    });
    expect(Object.fromEntries(report.skipped)).toEqual({
      'Atomics is absent': 1,
      'a second realm is not to be had': 1,
      'agents are not to be had': 1,
      'code from strings: Function': 1,
      'code from strings: eval': 1,
      modules: 2,
      'sloppy mode: scripts are strict': 1,
    });
  });

  it('says what was wanted, what came, and the class of a difference that is known', async () => {
    const known = [{ id: 'no shared memory', reason: '', test: /differs/, got: /throws/ }];
    const report = await run(['--filter', 'language/plain'], known);
    expect(report.differences).toEqual([
      {
        test: 'language/plain/differs.js',
        expected: 'completes',
        got: expect.stringContaining('throws Test262Error: '),
        at: 'assert(typeof SharedArrayBuffer === "function");',
        known: 'no shared memory',
      },
    ]);
    expect(report.unexplained).toEqual([]);
  });

  it('takes a sample of every so many tests', async () => {
    const report = await run(['--filter', 'language/flags', '--sample', '2/2']);
    const { passed, failed, different, skipped } = report.total;
    expect(passed + failed + different + skipped).toBe(2);
  });
});

describe('a failure', () => {
  it('explains a change of a frozen built-in by the line that names it, and no other', async () => {
    const report = await run(['--filter', 'built-ins/frozen', '--jobs', '1']);
    expect(report.realm).toBe('hardened');
    expect(report.differences).toMatchObject([
      { at: 'held.last = 1;', known: undefined },
      { at: 'Array.prototype.last = 1;', known: 'adds to a built-in' },
    ]);
  });

  it('says which failures of plain V8 come from being the body of a function', async () => {
    const report = await run(['--filter', 'language']);
    const passing = report.failures.filter(({ passesAsScript }) => passesAsScript);
    expect(passing.map(({ test }) => test)).toEqual(['language/body/this-is-global.js']);
  });
});

describe('the command', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const command = (...args: string[]) =>
    spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });

  it('exits with 1 and lists a difference that is not known, on paper and as JSON', () => {
    const json = join(folder, 'report.json');
    const filter = ['--filter', 'language/plain'];
    const { status, stdout } = command('--test262', folder, '--json', json, ...filter);
    expect(status).toBe(1);
    expect(stdout).toContain('language/plain/differs.js\n    wanted: completes\n    got: throws');
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject([
      {
        realm: 'hardened',
        total: { passed: 1, failed: 2, different: 1, skipped: 0 },
        folders: { 'language/plain': { passed: 1 } },
        unexplained: [{ test: 'language/plain/differs.js' }],
      },
    ]);
  });

  it('exits with 0 when there is none', () => {
    expect(command('--test262', folder, '--filter', 'language/async/passes').status).toBe(0);
  });

  it('exits with 2 and shows its usage when an argument is wrong', () => {
    for (const args of [
      [],
      ['--test262', folder, '--sample', '3/2'],
      ['--test262', folder, '-x'],
    ]) {
      const { status, stderr } = command(...args);
      expect(status).toBe(2);
      expect(stderr).toContain('npm run conformance -- --test262 DIR');
    }
  });
});

describe('metadata', () => {
  it('is read in every form that the suite writes it in', () => {
    const source = `// Copyright\n/*---
description: >
    flags: [module] stands in prose
features: [Symbol.iterator,
  'let', class] # trailing
includes:
- a.js
  - b.js

info: |
  negative:
    phase: parse
negative:
  type: SyntaxError
  phase: parse
---*/\nflags: [raw]`;
    expect(readFrontMatter(source)).toEqual({
      flags: [],
      features: ['Symbol.iterator', 'let', 'class'],
      includes: ['a.js', 'b.js'],
      negative: { phase: 'parse', type: 'SyntaxError' },
    });
  });

  it('is refused when it is of no such form', () => {
    expect(() => readFrontMatter('/*---\nflags: async\n---*/')).toThrow(SyntaxError);
    expect(() => readFrontMatter('/*---\nnegative:\n  phase: late\n---*/')).toThrow(SyntaxError);
  });
});
