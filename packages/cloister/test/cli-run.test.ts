import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cli, folderWith } from './support/cli.ts';

/** Runs a script from a file. */
function runScript(
  source: string,
  args: readonly string[] = [],
  options: Parameters<typeof cli>[1] = {},
) {
  return cli(['run', join(folderWith({ 'script.js': source }), 'script.js'), ...args], options);
}

const showsContext = `return { input: ctx.input, tenant: ctx.tenant, user: ctx.user, trigger: ctx.execution.trigger }`;

describe('cloister run', () => {
  test('prints the output as JSON on stdout and ends with 0', async () => {
    const { status, stdout, stderr } = await runScript('return { a: [1, null], b: await "x" }');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(`${JSON.stringify({ a: [1, null], b: 'x' }, null, 2)}\n`);
  });

  test('reads the script from standard input for -', async () => {
    const { status, stdout } = await cli(['run', '-', '--input', '20'], {
      stdin: 'return ctx.input + 1',
    });
    expect({ status, output: JSON.parse(stdout) as unknown }).toEqual({
      status: 0,
      output: { value: 21 },
    });
  });

  test('gives the script its input, tenant and user', async () => {
    const folder = folderWith({ 'in.json': '{"rows":[1,2]}' });
    const args = ['--input', '@in.json', '--tenant', 'acme', '--user', '{"id":7}'];
    const { stdout } = await runScript(showsContext, args, { cwd: folder });
    expect(JSON.parse(stdout)).toEqual({
      input: { rows: [1, 2] },
      tenant: { id: 'acme' },
      user: { id: 7 },
      trigger: 'cli',
    });
  });

  test('has an empty map, the tenant "default" and no user for a script that was given none', async () => {
    const { stdout } = await runScript(showsContext);
    expect(JSON.parse(stdout)).toMatchObject({ input: {}, tenant: { id: 'default' }, user: null });
  });

  test('prints the console on stderr, with the level where it is not info', async () => {
    const source = `console.log('%s is', 'this', { a: 1 }); console.warn('careful'); console.error('bad'); console.debug('x')`;
    const { status, stdout, stderr } = await runScript(source);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '{}\n' });
    expect(stderr).toBe('this is { a: 1 }\nwarn: careful\nerror: bad\ndebug: x\n');
  });

  test('shows the line of a failed script with a caret, its stack, and ends with 1', async () => {
    const source = `// first\n\tconst total = 1;\n\t\ttotal.missing.deep();\n`;
    const { status, stdout, stderr } = await runScript(source);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    const lines = stderr.split('\n');
    expect(lines[0]).toMatch(/script\.js:3:17$/);
    expect(lines[1]).toBe('3 | \t\ttotal.missing.deep();');
    expect(lines[2]).toBe(`    \t\t${' '.repeat('total.missing.'.length)}^`);
    expect(stderr).toMatch(/^TypeError: Cannot read properties of undefined \(reading 'deep'\)$/m);
    expect(stderr).toMatch(/^ +at .*script\.js:3:17/m);
    expect(stderr).toMatch(/^\[script_error\]$/m);
    expect(stderr).not.toMatch(/node:|isolated-vm|\/src\//);
  });

  test('says what to use instead of a name that scripts do not have', async () => {
    const { stderr } = await runScript('await fetch("https://example.com")');
    expect(stderr).toMatch(/^ReferenceError: fetch is not defined: use sdk\.http$/m);
  });

  test('shows where a script does not parse, also on its first line and in a very long one', async () => {
    const long = `${'a = 1; '.repeat(2000)}let let = 1;`;
    const cases = [
      ['const a = ;', 1, 11],
      ['\t\treturn (1 +* 2)', 1, 14],
      [`\n${long}`, 2, long.indexOf('let =') + 1],
    ] as const;
    for (const [source, line, column] of cases) {
      const { status, stderr } = await runScript(source);
      expect(status).toBe(1);
      const [place, shown, caret] = stderr.split('\n');
      expect(place).toMatch(new RegExp(`script\\.js:${line}:${column}$`));
      expect(shown![caret!.length - 1]).toBe(source.split('\n')[line - 1]![column - 1]);
      expect(shown!.length).toBeLessThan(200);
      expect(stderr).toMatch(/^\[compilation_error\]$/m);
    }
  });

  test.each([
    ['--timeout', '100', 'for (;;);', 'timeout'],
    [
      '--memory',
      '16',
      'const a = []; for (;;) a.push(new Array(1000).fill(a.length))',
      'memory_limit',
    ],
  ])('keeps to %s %s', async (option, value, source, code) => {
    const { status, stderr } = await runScript(source, [option, value]);
    expect(status).toBe(1);
    expect(stderr).toMatch(`[${code}]`);
  });

  test.each(['process', 'group'] as const)(
    'ends a run as cancelled on SIGINT to the %s',
    async (interrupt) => {
      const { status, signal, stdout, stderr } = await runScript(
        `console.log('up'); await new Promise(() => {})`,
        [],
        { interrupt },
      );
      expect({ status, signal, stdout }).toEqual({ status: 1, signal: null, stdout: '' });
      expect(stderr).toMatch(/^up\n/);
      expect(stderr).toMatch(/^\[cancelled\]$/m);
    },
  );
});

describe('the environment', () => {
  test('sets limits, which those of the command line replace', async () => {
    const env = { SCRIPT_MAX_OUTPUT_BYTES: '10', SCRIPT_TIMEOUT_MS: '200' };
    expect((await runScript(`return 'x'.repeat(20)`, [], { env })).stderr).toMatch(
      '[output_limit]',
    );
    expect((await runScript('for (;;);', [], { env })).stderr).toMatch(/200 ms/);
    expect((await runScript('for (;;);', ['--timeout', '100'], { env })).stderr).toMatch(/100 ms/);
  });

  test('that is made for a service does not get in the way of one run', async () => {
    const env = {
      SCRIPT_MAX_CONCURRENCY_PER_TENANT: '50',
      SCRIPT_MAX_VMS: '100',
      SCRIPT_VM_POOL_SIZE: '20',
      SCRIPT_WORKERS: '8',
    };
    expect(await runScript('return 1', [], { env })).toMatchObject({ status: 0, stderr: '' });
  });

  test('with a bad value ends with 2 and names the variable', async () => {
    const { status, stderr } = await runScript('return 1', [], {
      env: { SCRIPT_TIMEOUT_MS: 'soon' },
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/SCRIPT_TIMEOUT_MS/);
  });

  test('may switch scripts off', async () => {
    const { status, stderr } = await runScript('return 1', [], {
      env: { SCRIPTS_ENABLED: 'false' },
    });
    expect(status).toBe(1);
    expect(stderr).toMatch('[scripts_disabled]');
  });
});
