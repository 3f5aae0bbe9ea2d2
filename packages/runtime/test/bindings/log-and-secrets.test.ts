import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { log, secrets } from '../../src/bindings/index.ts';
import { BindingError, defineBinding, type RunResult } from '../../src/index.ts';
import { failure, realms, useRuntime } from '../support/runtime.ts';

const lines: [level: string, fields: object, message: string][] = [];
const write =
  (level: string) =>
  (fields: object, message: string): void =>
    void lines.push([level, fields, message]);
const logger = {
  debug: write('debug'),
  info: write('info'),
  warn: write('warn'),
  error: write('error'),
};

const vault = new Map([
  ['t1 key', 'sk-t1-secret'],
  ['t2 key', 'sk-t2-secret'],
  ['t1 odd', 'a"b\\c\nd'],
  ['t1 hidden', 'never-readable'],
]);

const bindings = [
  log({ logger }),
  secrets({
    provider: async ({ tenant }, name) => vault.get(`${tenant.id} ${name}`),
    readable: ['key', 'odd', 'nothing'],
  }),
  defineBinding('leak', {
    refuse: {
      params: z.tuple([z.string()]),
      handler: (_call, text) => {
        throw new BindingError(`refused ${text}`, { code: 'no' });
      },
    },
    host: {
      params: z.tuple([z.string()]),
      handler: (call, text) => call.log.warn('from the host', { text }),
    },
  }),
];

describe.each(realms)('sdk.log in a %s realm', (realm) => {
  const runtime = useRuntime({ bindings, realm });
  const run = (source: string, limits = {}): Promise<RunResult> => {
    lines.length = 0;
    const context = { tenant: { id: 't1' }, execution: { id: 'e1', scriptId: 's1' }, limits };
    return runtime().execute(source, {}, context);
  };

  test('writes lines with fields among those of the console, and to the host', async () => {
    const { logs, usage } = await run(
      `console.log('one'); sdk.log.info('two', { a: [1] }); sdk.log.error('three'); console.log('four')`,
    );
    expect(logs.map(({ level, message, data }) => [level, message, data])).toEqual([
      ['info', 'one', undefined],
      ['info', 'two', [{ a: [1] }]],
      ['error', 'three', undefined],
      ['info', 'four', undefined],
    ]);
    const about = { tenantId: 't1', executionId: 'e1', scriptId: 's1' };
    expect(lines).toEqual([
      ['info', { ...about, fields: { a: [1] } }, 'two'],
      ['error', about, 'three'],
    ]);
    expect(usage.apiCalls).toBe(0);
  });

  test('gives nothing back', async () => {
    const { output } = await run(
      `return [sdk.log.debug('x') === undefined, await sdk.log.warn('y')]`,
    );
    expect(output['value']).toEqual([true, null]);
  });

  test('keeps to the limits of the log', async () => {
    const { logs } = await run(`for (let i = 0; i < 50; i++) sdk.log.info('line ' + i)`, {
      logEntries: 5,
    });
    expect(logs).toHaveLength(6);
    expect(logs[5]!.message).toMatch(/^45 more/);
    expect(lines).toHaveLength(5);
  });

  test('a flood ends by itself', async () => {
    const { logs } = await run(`for (let i = 0; i < 200_000; i++) sdk.log.info('line', { i })`);
    expect(logs).toHaveLength(1001);
    expect(lines).toHaveLength(1000);
  });

  test('cannot say that it is somebody else', async () => {
    await run(`sdk.log.info('x', { tenantId: 't2', level: 60, fields: 1 })`);
    expect(lines[0]![1]).toMatchObject({ tenantId: 't1' });
  });
});

describe.each(realms)('sdk.secrets in a %s realm', (realm) => {
  const runtime = useRuntime({ bindings, realm });
  const as = (id: string): object => ({ tenant: { id } });

  test("gives a tenant's own secrets", async () => {
    const source = `return await sdk.secrets.get('key')`;
    expect((await runtime().execute(source, {}, as('t1'))).output['value']).toBe('sk-t1-secret');
    expect((await runtime().execute(source, {}, as('t2'))).output['value']).toBe('sk-t2-secret');
  });

  test.each([
    ['nothing', 'unknown_secret'],
    ['hidden', 'secret_not_readable'],
    ['t2 key', 'invalid_arguments'],
    ['', 'invalid_arguments'],
  ])('refuses %j', async (name, code) => {
    const { output } = await runtime().execute(
      `try { await sdk.secrets.get(ctx.input) } catch (e) { return e.code }`,
      name,
      as('t1'),
    );
    expect(output['value']).toBe(code);
  });

  test.each(['key', 'odd'])('masks what it gave (%s) in logs', async (name) => {
    const { logs } = await runtime().execute(
      `const secret = await sdk.secrets.get('${name}');
       console.log('it is ' + secret + '!'); console.log('as an argument', secret, { secret });
       sdk.log.info(secret, { deep: [secret] }); await sdk.leak.host(secret)`,
      {},
      as('t1'),
    );
    const secret = vault.get(`t1 ${name}`)!;
    expect(logs).toHaveLength(4);
    expect(JSON.stringify(logs)).not.toContain(secret);
    expect(JSON.stringify(logs)).not.toContain(JSON.stringify(secret).slice(1, -1));
    expect(logs[0]!.message).toBe('it is ***!');
    expect(logs[3]!.data).toEqual([{ text: '***' }]);
  });

  test.each([
    [`throw new Error('with ' + secret)`],
    [`throw new Error('x', { cause: new TypeError(secret) })`],
    [`throw { secret }`],
    [`throw Object.assign(new Error('x'), { name: secret })`],
    [`await sdk.leak.refuse(secret)`],
    [`return { toJSON() { throw new Error(secret) } }`],
    [`setTimeout(() => { throw new Error(secret) }); await new Promise(() => {})`],
  ])('masks it in the error of %s', async (end) => {
    const error = await failure(
      runtime().execute(`const secret = await sdk.secrets.get('key'); ${end}`, {}, as('t1')),
    );
    const cause = error.cause as Error | undefined;
    const everything = [error.name, error.message, error.stack, cause?.message, cause?.stack];
    expect(everything.join()).not.toContain('sk-t1');
    expect(everything.join()).toContain('***');
  });
});
