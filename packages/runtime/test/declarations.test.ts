import { readdirSync, readFileSync } from 'node:fs';
import { type } from 'arktype';
import * as v from 'valibot';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { events, log, secrets } from '../src/bindings/index.ts';
import { createRuntime, defineBinding, type Binding } from '../src/index.ts';
import { problemsOf } from './support/type-check.ts';
import { useRuntime } from './support/runtime.ts';

const bindings = [
  log(),
  events(),
  secrets({ provider: () => 'x' }),
  defineBinding(
    'crm',
    {
      find: {
        description: 'Finds a customer.\nBy number */ not by name.',
        params: z.tuple([
          z.string().meta({ title: 'id' }),
          z
            .object({ deep: z.boolean().optional(), kind: z.enum(['a', 'b']).describe('Which.') })
            .optional()
            .meta({ title: 'options' }),
        ]),
        result: z.object({ id: z.string(), tags: z.array(z.union([z.string(), z.number()])) }),
        handler: () => ({ id: '', tags: [] }),
      },
      sum: { params: z.tuple([z.number()]).rest(z.number()), result: z.number(), handler: () => 1 },
      tree: { params: z.tuple([z.json()]), handler: () => 1 },
      ark: { params: type(['number', 'string?']), handler: () => 1 },
      plain: { params: v.tuple([v.number()]), handler: () => 1 },
      changed: { params: z.tuple([z.string().transform(Number)]), handler: () => 1 },
      default: { params: z.tuple([]), handler: () => 1 },
    },
    { description: 'Customers.' },
  ),
];

let declarations = '';
beforeAll(async () => {
  const runtime = await createRuntime({ enabled: false, bindings });
  declarations = runtime.types();
  await runtime.shutdown();
});

describe('runtime.types()', () => {
  test('is free of errors by itself', () => {
    expect(problemsOf(declarations, '')).toEqual([]);
  });

  test.each([
    `const { id, tags } = await sdk.crm.find('1', { kind: 'a', signal: new AbortController().signal }); const upper: string = id.toUpperCase(); return [upper, tags.length];`,
    `const n: number = await sdk.crm.sum(1, 2, 3); return n;`,
    `return [await sdk.crm.ark(1), await sdk.crm.ark(1, 'x'), await sdk.crm.plain(1), await sdk.crm.tree({ a: [null] })];`,
    `sdk.log.info('x', { a: 1 }); const id: string = await events.publish('a', { b: 1 }, { immediate: true }); return (await sdk.secrets.get('x')).length;`,
    `console.log(ctx.input.a, ctx.tenant.id, ctx.user?.name, ctx.execution.trigger);`,
    `const u = new URL('/a', 'https://x.y'); u.searchParams.set('a', 'b'); return [...u.searchParams].map(([k]) => k);`,
    `const t = setTimeout((a: number) => a + 1, 5, 1); clearTimeout(t); queueMicrotask(() => {}); return structuredClone({ a: 1 }).a;`,
    `const c = new AbortController(); c.signal.addEventListener('abort', (e) => console.log(e.type), { once: true }); AbortSignal.any([c.signal, AbortSignal.timeout(5)]); c.abort();`,
    `return [new TextDecoder().decode(new TextEncoder().encode('a')), atob(btoa('a')), crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(2)), performance.now()];`,
    `throw new DOMException('a', 'AbortError');`,
  ])('takes %s', (source) => {
    expect(problemsOf(declarations, source)).toEqual([]);
  });

  test.each([
    [`sdk.crm.find(1)`, `not assignable to parameter of type 'string'`],
    [`sdk.crm.find('1', { kind: 'c' })`, `not assignable`],
    [`sdk.crm.missing()`, `does not exist`],
    [`sdk.nothing`, `does not exist`],
    [`const n: string = await sdk.crm.sum(1)`, `not assignable`],
    [`ctx.inptu`, `does not exist`],
    [`fetch('x')`, `Cannot find name 'fetch'`],
    [`process.exit()`, `Cannot find name 'process'`],
    [`setInterval(() => {}, 1)`, `Cannot find name 'setInterval'`],
  ])('finds the mistake in %s', (source, problem) => {
    expect(problemsOf(declarations, source).join('\n')).toContain(problem);
  });

  test('has the descriptions as doc comments', () => {
    expect(declarations).toContain('/** Customers. */\n  readonly crm');
    expect(declarations).toContain('/** Which. */ kind');
    expect(declarations).toContain('   * Finds a customer.\n');
    expect(declarations).not.toContain('*/ not by name');
  });
});

describe('the examples', () => {
  const folder = new URL('../../../examples/', import.meta.url);
  const scripts = [
    'csv-report.js',
    'loyalty.js',
    'order-total.js',
    'shipping-quote.ts',
    'webhook.js',
  ];

  test('are all of them', () => {
    const files = readdirSync(folder);
    const others = new Set(['bindings.ts', 'examples.test.ts', 'make-csv.ts', 'seeded-random.ts']);
    expect(files.filter((file) => /\.[jt]s$/.test(file) && !others.has(file))).toEqual(scripts);
  });

  test.each(scripts)('%s fits the declarations', async (file) => {
    const module = (await import(new URL('bindings.ts', folder).href)) as { bindings: Binding[] };
    const runtime = await createRuntime({ enabled: false, bindings: module.bindings });
    const source = readFileSync(new URL(file, folder), 'utf8');
    expect(problemsOf(runtime.types(), source, file.slice(-2))).toEqual([]);
  });
});

describe('the declared globals', () => {
  const runtime = useRuntime();

  test('are those that a script has, and no others', async () => {
    const declared = [...declarations.matchAll(/^declare (?:const|function|class) (\w+)/gm)].map(
      ([, name]) => name!,
    );
    const { output } = await runtime().execute(
      `return ctx.input.filter((name) => !(name in globalThis))`,
      declared,
    );
    expect(output['value']).toEqual(['ctx', 'events']);
    const { output: all } = await runtime().execute(
      `return Object.getOwnPropertyNames(globalThis)`,
    );
    const language = new Set([...Object.getOwnPropertyNames(globalThis), 'sdk']);
    const undeclared = (all['value'] as string[]).filter(
      (name) => !declared.includes(name) && !language.has(name),
    );
    expect(undeclared).toEqual([]);
  });
});
