import { jobs as computeJobs } from '../compute.ts';
import { library } from '../real-scripts.ts';
import type { Job } from './tiny.ts';

/** The compute-bound scripts, by the heading of their column. */
export const computeNames = ['fib', 'json', 'sort', 'regexp', 'mustache'] as const;

export type ComputeName = (typeof computeNames)[number];

/** Synchronous, since not every peer can wait. */
export async function computeJob(name: ComputeName): Promise<Job> {
  switch (name) {
    case 'fib':
      return inner('fibonacci');
    case 'json':
      return inner('json');
    case 'sort':
      return inner('sort');
    case 'regexp':
      return inner('regular expression');
    case 'mustache':
      return await mustache();
  }
}

function inner(name: string): Job {
  return { source: `return { result: (() => { ${computeJobs[name]} })() };`, input: null };
}

/** Mustache as npm has it, which renders a table of the input's rows again and again. */
async function mustache(): Promise<Job> {
  const rows = Array.from({ length: 100 }, (_, i) => ({
    name: `row <${i}>`,
    price: i / 4,
    tags: ['a', 'b', 'c'],
    sold: i % 3 === 0,
  }));
  const template =
    '<table>{{#rows}}<tr class="{{#sold}}sold{{/sold}}"><td>{{name}}</td><td>{{price}}</td><td>{{#tags}}{{.}} {{/tags}}</td></tr>{{/rows}}</table>';
  const use = `(() => {
    let length = 0;
    for (let i = 0; i < 50; i++) length += module.exports.render(${JSON.stringify(template)}, ctx.input).length;
    return length;
  })()`;
  const text = await library('mustache/mustache.js', use);
  return {
    source: `const results = [];\n${text}\nreturn { result: results[0] };`,
    input: { rows },
  };
}

/** Host calls one after the other. */
export function hostCalls(count: number): Job {
  return {
    source: `let sum = 0; for (let i = 0; i < ctx.input; i++) sum = await add(sum, 1); return { sum };`,
    input: count,
  };
}

/** The same script, which also says how long it took by its own clock. */
export function timed({ source, input }: Job): Job {
  return {
    source: `const begun = Date.now();
      const output = (() => { ${source} })();
      return { output, ms: Date.now() - begun };`,
    input,
  };
}

/** What a script gives back when nothing stands between it and this process. */
export function expectedOutput({ source, input }: Job): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval
  const run = new Function('ctx', `'use strict'; ${source}`) as (ctx: object) => unknown;
  return run({ input });
}
