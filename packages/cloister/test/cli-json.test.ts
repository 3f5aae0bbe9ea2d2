import { describe, expect, test } from 'vitest';
import { cli } from './support/cli.ts';

const usage: unknown = {
  wallMs: expect.any(Number) as number,
  cpuMs: expect.any(Number) as number,
  heapBytes: expect.any(Number) as number,
  apiCalls: 0,
  queueMs: expect.any(Number) as number,
  queueCause: null,
  attempts: 1,
  cache: 'miss',
};
const uuid = expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/) as string;
const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

/** The one line that `--json` prints, and how the command ended. */
async function record(source: string, args: readonly string[] = []) {
  const { status, stdout, stderr } = await cli(['run', '-', '--json', ...args], { stdin: source });
  expect(stdout.split('\n')).toHaveLength(2);
  return { status, stderr, record: JSON.parse(stdout) as Record<string, unknown> };
}

describe('cloister run --json', () => {
  test('prints one record of a completed run on stdout, and nothing on stderr', async () => {
    const source = `console.log('hi', { a: 1 }); console.warn('careful'); return { b: 2 }`;
    expect(await record(source)).toEqual({
      status: 0,
      stderr: '',
      record: {
        status: 'completed',
        output: { b: 2 },
        logs: [
          { level: 'info', message: 'hi { a: 1 }', data: [{ a: 1 }], timestamp },
          { level: 'warn', message: 'careful', timestamp },
        ],
        usage,
        executionId: uuid,
      },
    });
  });

  test('prints one record of a failed run, with the place in the script', async () => {
    const source = `console.log('before');\nthrow new RangeError('too far')`;
    expect(await record(source)).toEqual({
      status: 1,
      stderr: '',
      record: {
        status: 'failed',
        output: null,
        logs: [{ level: 'info', message: 'before', timestamp }],
        usage,
        executionId: uuid,
        error: {
          code: 'script_error',
          name: 'RangeError',
          message: 'too far',
          line: 2,
          column: 7,
          stack: expect.stringMatching(/^RangeError: too far\n +at .*:2:7/) as string,
        },
      },
    });
  });

  test('prints a record of a script that does not parse', async () => {
    const { status, record: printed } = await record('return (');
    expect(status).toBe(1);
    expect(printed).toMatchObject({
      status: 'failed',
      output: null,
      logs: [],
      error: {
        code: 'compilation_error',
        name: 'CompilationError',
        message: expect.stringMatching(/^compilation error/) as string,
        line: 1,
        column: 9,
      },
    });
  });

  test('prints a record of a run that was killed, with its logs', async () => {
    const { status, record: printed } = await record(`console.log('up'); for (;;);`, [
      '--timeout',
      '100',
    ]);
    expect(status).toBe(1);
    expect(printed).toMatchObject({
      status: 'failed',
      logs: [{ message: 'up' }],
      error: { code: 'timeout', name: 'ExecutionTimeoutError' },
    });
  });

  test('prints a record of a run that never became one', async () => {
    const { status, record: printed } = await record('x'.repeat(2 ** 20 + 1));
    expect(status).toBe(1);
    expect(printed).toMatchObject({
      status: 'failed',
      output: null,
      logs: [],
      error: { code: 'source_limit' },
    });
    expect(Object.keys(printed).toSorted()).toEqual([
      'error',
      'executionId',
      'logs',
      'output',
      'status',
      'usage',
    ]);
  });

  test('prints a record of 1 MiB whole, into a pipe', async () => {
    const { status, record: printed } = await record(`return 'x'.repeat(1_000_000)`);
    expect(status).toBe(0);
    expect((printed['output'] as { value: string }).value).toHaveLength(1_000_000);
  });
});
