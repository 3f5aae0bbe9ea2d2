import { describe, expect, test } from 'vitest';
import { hostWith } from '../support/rogue-worker.ts';

/** What a worker that has been taken over may answer to a run, as the body of `(run, vm, source, send, raw)`. */
const answers: Readonly<Record<string, string>> = {
  'says nothing at all': '',
  'writes bytes that are no frame': `raw(Buffer.from('{"type":"settled"}'));`,
  'announces a frame of 4 GB': `raw(Buffer.from([255, 255, 255, 255, 0, 0, 0, 0]));`,
  'announces 4 GB of attachments': `raw(Buffer.from([2, 0, 0, 0, 255, 255, 255, 255, 91, 93]));`,
  'sends code that nobody asked for': `send({ type: 'code', source, bytes: Buffer.from('code') });`,
  'sends code of a source that does not exist': `send({ type: 'code', source: 9e9, bytes: Buffer.from('code') });`,
  'sends code that lies outside its frame': `raw(frameOf([{ type: 'code', source, bytes: { at: 5, length: 5 } }], 'code'));`,
  'sends code that is no attachment': `raw(frameOf([{ type: 'code', source, bytes: 'code' }], ''));`,
  'says that the script was compiled in a way that there is not': `send({ ...settled({ status: 'completed', output: '{}' }), compiled: '__proto__' });`,
  'sends a message of an unknown type': `send({ type: 'exec', command: 'ls' });`,
  'settles the run with wrong types': `send({ type: 'settled', run, outcome: 5 });`,
  'settles the run with an output that is no JSON': `send(settled({ status: 'completed', output: '{' }));`,
  'settles the run with an output that is no map': `send(settled({ status: 'completed', output: '[1]' }));`,
  'settles the run with the output null': `send(settled({ status: 'completed', output: 'null' }));`,
  'logs data that is no JSON': `send({ type: 'log', run, lines: [{ level: 'info', message: '', data: '[' }] });`,
  'logs data that is no list': `send({ type: 'log', run, lines: [{ level: 'info', message: '', data: '{}' }] });`,
  'sends a vm-gone for the VM and no end of the run': `send({ type: 'vm-gone', vm });`,
  'says that the VM took too much while its run goes on': `send({ type: 'vm-outgrown', vm });`,
  'says that its runs took too much': `send({ type: 'outgrown' });`,
  'makes a call of a binding that there is not': `send({ type: 'calls', run, calls: [{ call: 1, binding: 7, method: 0, args: '[]' }] });`,
  'makes a call with arguments that are no JSON': `send({ type: 'calls', run, calls: [{ call: 1, binding: 0, method: 0, args: '[' }] });`,
  'makes a call with arguments that are no list': `send({ type: 'calls', run, calls: [{ call: 1, binding: 0, method: 0, args: '{}' }] });`,
  'makes two calls under one number': `const call = { call: 1, binding: 0, method: 0, args: '[]' }; send({ type: 'calls', run, calls: [call, call] });`,
  'makes calls without end': `send({ type: 'calls', run, calls: Array.from({ length: 300 }, (_, i) => ({ call: i + 1, binding: 0, method: 1, args: '[]' })) });`,
  'makes a call with too long arguments': `send({ type: 'calls', run, calls: [{ call: 1, binding: 0, method: 0, args: JSON.stringify(['x'.repeat(2 ** 20)]) }] });`,
  'writes a line as a method that writes none': `send({ type: 'log', run, lines: [{ level: 'info', message: '', origin: { binding: 0, method: 0 } }] });`,
  'sends back a run that is not quick': `send({ type: 'returned', run, begun: false });`,
  'completes the run with an output that is no map': `send(completed([run, [1], 1, 1]));`,
  'completes the run with an output that is a text': `send(completed([run, '{}', 1, 1]));`,
  'completes the run with a negative time': `send(completed([run, {}, -1, 1]));`,
  'completes the run with a time that is none': `send(completed([run, {}, 1, null]));`,
  'completes the run without an output': `send(completed([run]));`,
  'completes the run with too much': `send(completed([run, {}, 1, 1, 1]));`,
  'completes no list of runs': `send({ ...completed(), runs: { length: 1, 0: [run, {}, 1, 1] } });`,
  'closes its pipe': `pipe.destroy();`,
  exits: `process.exit(0);`,
};

const tell = `({ output }) => 'completed ' + JSON.stringify(output), (error) => error.code`;

/** How a script ends when the worker answers so. */
async function codeWith(answer: string, timeoutMs = 1000): Promise<string | undefined> {
  const body = `say(await runtime.execute('return 1').then(${tell}));`;
  const [code] = await hostWith({ run: answer }, body, { limits: { timeoutMs } });
  return code;
}

describe('a worker that has been taken over', () => {
  test.each(Object.entries(answers))(
    'and %s, ends its run with an error and no more',
    async (_what, answer) => {
      expect(await codeWith(answer)).toMatch(/^(worker_crashed|timeout)$/);
    },
  );

  test.each([
    'send(done); send(done);',
    'send(completed(one)); send(completed(two));',
    'send(completed(one, two));',
    "send(done); send({ type: 'returned', run, begun: false });",
  ])('cannot end a run a second time: %s', async (twice) => {
    const answer = `
      const done = settled({ status: 'completed', output: '{"value":1}' });
      const one = [run, { value: 1 }, 1, 1];
      const two = [run, { value: 2 }, 1, 1];
      ${twice}`;
    const body = `say(await runtime.execute('return 1').then(${tell})); await exited;`;
    expect(await hostWith({ run: answer }, body)).toEqual([
      'completed {"value":1}',
      'exits it broke the protocol: the end of a run that it does not have',
    ]);
  });

  test('cannot fill the memory of the host with logs', async () => {
    const flood = `const lines = Array.from({ length: 2000 }, () => ({ level: 'info', message: 'x'.repeat(1000) }));
      for (let i = 0; i < 50; i++) send({ type: 'log', run, lines });
      send(settled({ status: 'failed', code: 'output_invalid', message: '' }));`;
    expect(await codeWith(flood, 20_000)).toBe('output_invalid');
  });

  test('has each source once, sent ahead of a run that waits for the store', async () => {
    const answer = `send(settled({ status: 'completed', output: JSON.stringify({ told }) }));`;
    const body = `
      const long = '// ' + 'x'.repeat(5000);
      await runtime.execute(long, {}, { tenant: { id: 'a' } });
      say(await runtime.execute(long, {}, { tenant: { id: 'a' } }).then(${tell}));`;
    expect((await hostWith({ run: answer }, body))[0]).toBe(
      'completed {"told":["add-source 1","run 1","run 1"]}',
    );
  });

  test.each([
    'source',
    // Nor by saying that V8 refused what it never was given.
    'refused',
  ])('cannot have code taken more often than it was asked for: %s', async (compiled) => {
    const twice = `send({ ...settled({ status: 'completed', output: '{"value":1}' }), compiled: '${compiled}' });
      for (let i = 0; i < 2; i++) send({ type: 'code', source, bytes: Buffer.from('code') });`;
    // Long enough that its code is wanted; once, since it runs once.
    const body = `
      say(await runtime.execute('// ' + 'x'.repeat(5000)).then(${tell}));
      await exited;
      say('kept', runtime.stats().cache.bytes);`;
    expect(await hostWith({ run: twice }, body)).toEqual([
      'completed {"value":1}',
      'kept 5',
      'exits it broke the protocol: code that nobody asked for',
    ]);
  });
});

/** Ways to break the protocol, for one run among several. */
const breaks: Readonly<Record<string, string>> = {
  'sends code that nobody asked for': `send({ type: 'code', source, bytes: Buffer.from('code') });`,
  'sends a message of an unknown type': `send({ type: 'exec', command: 'ls' });`,
  'announces a frame of 4 GB': `raw(Buffer.from([255, 255, 255, 255, 0, 0, 0, 0]));`,
  'settles the run with an output that is no map': `send(settled({ status: 'completed', output: '[1]' }));`,
};

/**
 * Takes its time over each run, so that several are under way, and does something else with those
 * of the tenant "rogue".
 */
const amongOthers = (answer: string): string => `
  const { id } = JSON.parse(message.context).tenant;
  const done = settled({ status: 'completed', output: JSON.stringify({ honest: id }) });
  if (id !== 'rogue') setTimeout(() => send(done), 1000);
  else { ${answer} }`;

const threeAndARogue = `
  const runs = ['a', 'b', 'c', 'rogue'].map(async (id) => {
    const end = await runtime.execute('return 1', {}, { tenant: { id } }).then(${tell});
    return id + ' ' + end;
  });
  for (const line of await Promise.all(runs)) say(line);`;
const four = { poolSize: 4, maxVms: 4 };

describe('a worker that breaks the protocol over one of several runs', () => {
  test.each(Object.entries(breaks))(
    'and %s, once, takes no other run along: all are carried on elsewhere',
    async (_what, answer) => {
      // The VMs of the first worker have the first numbers.
      const once = amongOthers(`if (vm <= 4) { ${answer} } else send(done);`);
      const ends = await hostWith({ run: once }, threeAndARogue, four);
      expect(ends.slice(0, -1)).toEqual([
        'a completed {"honest":"a"}',
        'b completed {"honest":"b"}',
        'c completed {"honest":"c"}',
        'rogue completed {"honest":"rogue"}',
      ]);
      expect(ends.at(-1)).toMatch(/^exits it broke the protocol: [^;]+$/);
    },
  );

  test('again and again, takes no other run along either', async () => {
    const always = amongOthers(`send({ type: 'exec', command: 'ls' });`);
    const ends = await hostWith({ run: always }, threeAndARogue, four);
    expect(ends.slice(0, -1)).toEqual([
      'a completed {"honest":"a"}',
      'b completed {"honest":"b"}',
      'c completed {"honest":"c"}',
      'rogue worker_crashed',
    ]);
  });

  test.each(Object.entries(breaks))(
    'and %s over a run that is alone in it has that run tried once more, and ends it as worker_crashed',
    async (_what, answer) => {
      const body = `
        const error = await runtime.execute('return 1').catch((error) => error);
        say(error.code, error.fault, error.retryable, error.message);`;
      const [end, exits] = await hostWith({ run: answer }, body);
      expect(end).toMatch(/^worker_crashed system true .*it broke the protocol/);
      expect(exits).toMatch(/^exits (it broke the protocol: [^;]+(; |$)){2}$/);
    },
  );
});

/** What it may do to runs that came together, as the body of `(message, vm, send, raw)`. */
const laneBreaks: Readonly<Record<string, string>> = {
  'completes half of them and breaks the protocol': `send(completed(...ends.slice(0, 4))); send({ type: 'exec' });`,
  'completes one with an output that is no map': `send(completed(...ends.slice(0, 4), [message.runs[4], [], 0, 0]));`,
  'completes one with an output that is a text': `send(completed(...ends.slice(0, 4), [message.runs[4], '{}', 0, 0]));`,
  'completes one with null': `send(completed(...ends.slice(0, 4), [message.runs[4], null, 0, 0]));`,
  'sends back half of them and exits': `for (const run of message.runs.slice(0, 4)) send({ type: 'returned', run, begun: true }); process.exit(0);`,
  'sends all of them back twice': `for (let i = 0; i < 2; i++) for (const run of message.runs) send({ type: 'returned', run, begun: false });`,
};

test.each(Object.entries(laneBreaks))(
  'a worker that is given runs together and %s, keeps none of them from its end',
  async (_what, answer) => {
    const quickly = `send({ ...settled({ status: 'completed', output: '{"value":1}' }), longestTurnMs: 0.01, compiled: 'kept' });`;
    const lane = `
      const ends = message.runs.map((run: number) => [run, { value: 1 }, 0, 0]);
      if (vm === 1) { ${answer} } else send(completed(...ends));`;
    const body = `
      for (let i = 0; i < 30; i++) await runtime.execute('return 1');
      const runs = Array.from({ length: 8 }, () => runtime.execute('return 1').then(${tell}));
      for (const end of new Set(await Promise.all(runs))) say(end);`;
    expect((await hostWith({ run: quickly, lane }, body))[0]).toBe('completed {"value":1}');
    const [, second] = await hostWith({ run: quickly, lane }, body);
    expect(second).toMatch(/^exits/);
  },
);
