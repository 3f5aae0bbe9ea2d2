import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CommandLineError, parseCommandLine } from '../src/command-line.ts';
import { usageText } from '../src/usage-text.ts';
import { folderWith } from './support/cli.ts';

/** The message with which a command line is refused. */
function refusal(...args: string[]): string {
  try {
    parseCommandLine(args);
  } catch (error) {
    expect(error).toBeInstanceOf(CommandLineError);
    return (error as Error).message;
  }
  throw new Error(`${args.join(' ')} was taken`);
}

describe('parseCommandLine', () => {
  test.each([
    [['--help']],
    [['-h']],
    [['help']],
    [['run', '--help']],
    [['run', '-h', 'x.js']],
    [['check', '--help']],
  ])('takes %j as a request for help', (args) => {
    expect(parseCommandLine(args)).toEqual({ name: 'help' });
  });

  test('leaves everything out that run was not given', () => {
    const file = join(folderWith({ 'a.js': 'return 1' }), 'a.js');
    expect(parseCommandLine(['run', file])).toEqual({
      name: 'run',
      file,
      source: 'return 1',
      language: 'javascript',
      input: undefined,
      tenant: undefined,
      user: undefined,
      limits: {},
      realm: undefined,
      cache: undefined,
      json: false,
    });
  });

  test('reads every option of run, before and after the file', () => {
    const folder = folderWith({ 'a.js': 'return 1', 'in.json': '{"a":[1]}' });
    const file = join(folder, 'a.js');
    const args = [
      'run',
      '--input',
      `@${join(folder, 'in.json')}`,
      '--tenant',
      't',
      '--user',
      '{"id":1}',
      file,
      '--timeout',
      '5',
      '--memory',
      '16',
      '--api-calls',
      '0',
      '--realm',
      'fresh',
      '--language',
      'typescript',
      '--cache',
      'code.db',
      '--json',
    ];
    expect(parseCommandLine(args)).toEqual({
      name: 'run',
      file,
      source: 'return 1',
      language: 'typescript',
      input: { a: [1] },
      tenant: 't',
      user: { id: 1 },
      limits: { timeoutMs: 5, memoryMb: 16, apiCalls: 0 },
      realm: 'fresh',
      cache: 'code.db',
      json: true,
    });
  });

  test.each([
    ['null', null],
    ['0', 0],
    ['""', ''],
    ['[]', []],
    [' {"a": 1} ', { a: 1 }],
  ])('takes any JSON as the input: %s', (text, value) => {
    const file = join(folderWith({ 'a.js': '' }), 'a.js');
    expect(parseCommandLine(['run', file, '--input', text])).toMatchObject({ input: value });
    expect(parseCommandLine(['run', file, `--input=${text}`])).toMatchObject({ input: value });
  });

  test('reads all files of check, in order', () => {
    const folder = folderWith({ 'a.js': 'return 1', 'b.js': 'return 2' });
    const a = join(folder, 'a.js');
    const b = join(folder, 'b.js');
    expect(parseCommandLine(['check', b, a])).toEqual({
      name: 'check',
      files: [
        { file: b, source: 'return 2', language: 'javascript' },
        { file: a, source: 'return 1', language: 'javascript' },
      ],
    });
  });

  test.each([
    ['a.js', 'javascript'],
    ['a.ts', 'typescript'],
    ['a.TS', 'typescript'],
    ['a.d.ts', 'typescript'],
    ['a.txt', 'javascript'],
    ['a', 'javascript'],
    ['.ts', 'javascript'],
    ['a.ts.js', 'javascript'],
  ])('takes the language of %s from its name: %s', (name, language) => {
    const file = join(folderWith({ [name]: 'return 1' }), name);
    expect(parseCommandLine(['run', file])).toMatchObject({ file, language });
    expect(parseCommandLine(['check', file])).toMatchObject({ files: [{ file, language }] });
  });

  test.each(['a.js', 'a.ts', 'a.tsx', 'a.mts', 'a'])(
    'takes the language of %s from --language when that is given',
    (name) => {
      const file = join(folderWith({ [name]: 'return 1' }), name);
      for (const language of ['javascript', 'typescript'] as const) {
        const option = ['--language', language];
        expect(parseCommandLine(['run', ...option, file])).toMatchObject({ language });
        expect(parseCommandLine(['check', file, ...option])).toMatchObject({
          files: [{ file, language }],
        });
      }
    },
  );

  test.each(['a.tsx', 'a.jsx', 'a.mts', 'a.cts', 'a.MTS'])('refuses the name %s', (name) => {
    const file = join(folderWith({ [name]: 'return 1' }), name);
    for (const command of ['run', 'check']) {
      expect(refusal(command, file)).toMatch(/not supported|no module/);
      expect(refusal(command, file)).toContain('--language typescript');
    }
  });

  test.each([
    [[], /run, check or types/],
    [['walk'], /walk/],
    [['run'], /script/],
    [['check'], /scripts/],
    [['run', 'missing.js'], /cannot read missing\.js/],
    [['check', 'missing.js'], /cannot read missing\.js/],
    [['run', '.'], /cannot read \./],
    [['run', 'a.js', 'b.js'], /b\.js/],
    [['run', 'a.js', '--colour'], /--colour/],
    [['run', 'a.js', '--tenant'], /--tenant/],
    [['run', 'a.js', '--cache'], /--cache/],
    [['check', 'a.js', '--cache', 'code.db'], /--cache/],
    [['run', 'a.js', '--json=yes'], /--json/],
    [['check', 'a.js', '--json'], /--json/],
    [['run', '--realm', 'soft', 'a.js'], /--realm/],
    [['run', '--language', 'ts', 'a.js'], /--language/],
    [['check', '--language', '', 'a.js'], /--language/],
    [['check', 'a.js', '--language'], /--language/],
  ])('refuses %j and says why', (args, message) => {
    expect(refusal(...args)).toMatch(message);
  });

  test.each([
    ['--input', '{', /^--input is not JSON/],
    ['--input', '', /^--input is not JSON/],
    ['--input', '@missing.json', /^--input: cannot read missing\.json/],
    ['--user', 'bob', /^--user is not JSON/],
    ['--timeout', 'soon', /^--timeout must be a whole number/],
    ['--timeout', '-5', /--timeout/],
    ['--memory', '1.5', /^--memory must be a whole number/],
    ['--memory', '', /^--memory must be a whole number/],
    ['--api-calls', '1e3', /^--api-calls must be a whole number/],
    ['--realm', '', /^--realm must be/],
  ])('refuses %s %j by the name of the option', (option, value, message) => {
    const file = join(folderWith({ 'a.js': '' }), 'a.js');
    expect(refusal('run', file, option, value)).toMatch(message);
  });
});

describe('the text of --help', () => {
  // The options are read from the source: nothing but parseArgs has the list.
  const source = readFileSync(new URL('../src/command-line.ts', import.meta.url), 'utf8');
  const options = [...source.matchAll(/^ {2}'?([\w-]+)'?: \{ type: /gm)].map(([, name]) => name!);

  test('names every option and no other', () => {
    expect(options).toContain('api-calls');
    const named = [...usageText.matchAll(/(?<![\w-])--([\w-]+)/g)].map(([, name]) => name!);
    expect([...new Set(named)].toSorted()).toEqual(options.toSorted());
  });

  test('names the commands, standard input and the exit statuses', () => {
    expect(usageText).toMatch(/cloister run FILE\|-/);
    expect(usageText).toMatch(/cloister check FILE/);
    for (const status of [0, 1, 2]) expect(usageText).toMatch(new RegExp(`^ +${status} +\\w`, 'm'));
  });

  test('is no wider than a terminal', () => {
    expect(usageText.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});
