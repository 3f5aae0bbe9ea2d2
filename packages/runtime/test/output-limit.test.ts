import { describe, expect, test } from 'vitest';
import { failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('outputBytes, in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });

  /** Outputs as source, and how many bytes they take as JSON; those that are no map, in `{"value":…}` or not. */
  const outputs: [source: string, json: string][] = [
    ['return { a: "xxxxxxxxxx" }', '{"a":"xxxxxxxxxx"}'],
    ['return { a: "éééé" }', '{"a":"éééé"}'],
    ['return { a: "漢漢漢" }', '{"a":"漢漢漢"}'],
    ['return { a: "👍👍" }', '{"a":"👍👍"}'],
    ['return { "漢": ["\\n", "\\"", "\\u0001"] }', '{"漢":["\\n","\\"","\\u0001"]}'],
    ['return { a: "\\ud800" }', '{"a":"\\ud800"}'],
    ['return { n: [1, 22, -3.5, true, null] }', '{"n":[1,22,-3.5,true,null]}'],
  ];

  test.each(outputs)('%s fits exactly, and one byte less is too little', async (source, json) => {
    const outputBytes = Buffer.byteLength(json);
    const { output } = await runtime().execute(source, {}, { limits: { outputBytes } });
    expect(JSON.stringify(output)).toBe(json);
    const error = await failure(
      runtime().execute(source, {}, { limits: { outputBytes: outputBytes - 1 } }),
    );
    expect(error).toMatchObject({ code: 'output_limit', name: 'OutputError', fault: 'script' });
    expect(error.message).toContain(`${outputBytes - 1} bytes as JSON (outputBytes)`);
  });

  test('counts what is delivered, { value } included', async () => {
    const fits = await runtime().execute('return "漢"', {}, { limits: { outputBytes: 15 } });
    expect(JSON.stringify(fits.output)).toHaveLength(13);
    const error = await failure(
      runtime().execute('return "漢"', {}, { limits: { outputBytes: 14 } }),
    );
    expect(error.code).toBe('output_limit');
  });

  test('never keeps an empty output from its two bytes', async () => {
    const limits = { outputBytes: 2 };
    expect((await runtime().execute('', {}, { limits })).output).toEqual({});
    expect((await runtime().execute('return {}', {}, { limits })).output).toEqual({});
  });

  test('is the lower of the tenant’s and the run’s', async () => {
    const source = 'return { a: "x".repeat(50) }';
    for (const [tenantBytes, runBytes] of [
      [20, 1000],
      [1000, 20],
    ] as const) {
      const tenant = { id: 't', limits: { outputBytes: tenantBytes } };
      const run = runtime().execute(source, {}, { tenant, limits: { outputBytes: runBytes } });
      expect((await failure(run)).message).toContain('20 bytes');
    }
  });

  test('leaves the VM as healthy as before, so that it is used again', async () => {
    const tenant = { id: 'too-much' };
    await runtime().execute('return 1', {}, { tenant });
    const before = runtime().stats().pool;
    const error = await failure(runtime().execute('return "x".repeat(2e6)', {}, { tenant }));
    expect(error.code).toBe('output_limit');
    expect(runtime().stats().pool).toMatchObject({ idle: before.idle, busy: 0 });
  });
});
