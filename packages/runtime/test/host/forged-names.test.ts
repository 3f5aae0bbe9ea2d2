import { describe, expect, test } from 'vitest';
import type { RuntimeOptions } from '../../src/index.ts';
import { hostWith } from '../support/rogue-worker.ts';

/** In each host the first run is the victim's: run 1, in VM 1, which has a worker to itself. */
const victim = 1;
const nobody = 999;
const breach = 'it broke the protocol';

/** Runs do what their input says; the victim's VM takes so long to be made, and may not stop. */
function worker(slowMs: number, stops: boolean): Parameters<typeof hostWith>[0] {
  return {
    create: `
      const made = () => { told.push('made ' + vm); send({ type: 'vm-ready', vm }); };
      if (vm === ${victim}) setTimeout(made, ${slowMs}); else made();`,
    destroy: `if (${stops} || vm !== ${victim}) send({ type: 'vm-gone', vm });`,
    run: `
      const { forged = [], isToEnd = true, forMs = 0, healthy = true } = JSON.parse(message.input);
      for (const one of forged) send(one);
      const output = JSON.stringify({ run, isMade: told.includes('made ' + vm) });
      const end = { ...settled({ status: 'completed', output }), healthy };
      if (isToEnd) setTimeout(() => send(end), forMs);`,
  };
}

const functions = `
  const contextOf = (id, timeoutMs) => ({
    tenant: { id, ...(id === 'victim' ? { placement: 'dedicated' } : {}) },
    limits: { timeoutMs },
  });
  const run = (id, input, timeoutMs = 20_000) =>
    runtime.execute('return 1', input, contextOf(id, timeoutMs)).then(
      ({ output, logs, usage: { attempts, apiCalls } }) =>
        JSON.stringify({ ...output, logs: logs.length, attempts, apiCalls }),
      (error) => error.code,
    );
  let rogues = 0;
  /** Each by a tenant of its own, whose script has cost no worker. */
  const forge = async (types, fields) => {
    for (const type of types) {
      const forged = [{ ...fields, type }];
      say(type, await run('rogue ' + rogues++, { forged, isToEnd: false }, 2000));
    }
  };`;

/** What the host says. */
async function forge(
  [slowMs, stops]: [slowMs: number, stops: boolean],
  body: string,
  options: RuntimeOptions = {},
): Promise<readonly string[]> {
  return hostWith(worker(slowMs, stops), `${functions}\n${body}`, {
    workers: 1,
    spareWorkers: 0,
    poolSize: 0,
    graceMs: 20_000,
    ...options,
  });
}

const unharmed = JSON.stringify({ run: victim, isMade: true, logs: 0, attempts: 1, apiCalls: 0 });
const ofVms = ['vm-ready', 'vm-failed', 'vm-gone', 'vm-outgrown'];
const toList = JSON.stringify(ofVms);
/** Each forger ends, and so does the quarantine in which its run is tried once more. */
const allEnd = (types: readonly string[]): string[] =>
  types.map((type) => `${type} worker_crashed`);
const breaches = (count: number): unknown =>
  expect.stringMatching(new RegExp(`^exits (${breach}: [^;]+(; |$)){${2 * count}}$`));

describe('a worker that has been taken over ends, and does nothing to others, when it names', () => {
  test('a VM that another worker is making', async () => {
    const lines = await forge(
      [6000, true],
      `const victim = run('victim', {}); await forge(${toList}, { vm: ${victim} }); say(await victim);`,
    );
    expect(lines).toEqual([...allEnd(ofVms), unharmed, breaches(ofVms.length)]);
  });

  test('a VM of another worker with a run in it', async () => {
    const lines = await forge(
      [0, true],
      `const victim = run('victim', { forMs: 6000 }); await forge(${toList}, { vm: ${victim} }); say(await victim);`,
    );
    expect(lines).toEqual([...allEnd(ofVms), unharmed, breaches(ofVms.length)]);
  });

  test('a VM of another worker that has nothing to do', async () => {
    const lines = await forge(
      [0, true],
      `say(await run('victim', {}));
       await forge(${toList}, { vm: ${victim} });
       const { vms } = runtime.stats().pool;
       await run('victim', {});
       say('made', runtime.stats().pool.vms - vms);`,
    );
    expect(lines).toEqual([unharmed, ...allEnd(ofVms), 'made 0', breaches(ofVms.length)]);
  });

  test('a VM of another worker that is given up, and its run to be blamed', async () => {
    const lines = await forge(
      [0, false],
      `say(await run('victim', { healthy: false }));
       await forge(${toList}, { vm: ${victim} });
       say(await run('victim', {}).then((end) => JSON.parse(end).attempts));`,
      { workerLosses: 1 },
    );
    expect(lines).toEqual([unharmed, ...allEnd(ofVms), '1', breaches(ofVms.length)]);
  });

  test('a VM of another worker that does not stop, for which that worker is killed nevertheless', async () => {
    const lines = await forge(
      [0, false],
      `say(await run('victim', { healthy: false }));
       await forge(['vm-gone'], { vm: ${victim} });
       const until = performance.now() + 15_000;
       while (exits.length < 3 && performance.now() < until) await new Promise((done) => setTimeout(done, 10));`,
      { graceMs: 3000 },
    );
    expect(lines.slice(0, 2)).toEqual([unharmed, ...allEnd(['vm-gone'])]);
    expect(lines.at(-1)).toMatch(/; a VM in it could not be stopped$/);
  });

  test('a VM that does not exist', async () => {
    const lines = await forge([0, true], `await forge(${toList}, { vm: ${nobody} });`);
    expect(lines).toEqual([...allEnd(ofVms), breaches(ofVms.length)]);
  });

  test.each([victim, nobody])('the end of a run that is not in it: %i', async (named) => {
    const types = ['settled', 'returned', 'completed'];
    const fields = {
      run: named,
      begun: false,
      runs: [[named, '{}', 1, 1]],
      outcome: { status: 'completed', output: '{}' },
      usage: { wallMs: 1, cpuMs: 1, heapBytes: 1 },
      heapBytes: 1,
      waited: false,
      longestTurnMs: 0,
      droppedLogs: 0,
      compiled: 'source',
      healthy: true,
    };
    const lines = await forge(
      [0, true],
      `const victim = run('victim', { forMs: 6000 });
       await forge(${JSON.stringify(types)}, ${JSON.stringify(fields)}); say(await victim);`,
    );
    expect(lines).toEqual([...allEnd(types), unharmed, breaches(types.length)]);
  });

  test('other versions of V8 than it did at its start', async () => {
    const lines = await forge(
      [0, true],
      `await forge(['ready'], { versions: { node: '', v8: 'other', codeTag: 'other' } });`,
    );
    expect(lines).toEqual([...allEnd(['ready']), breaches(1)]);
  });
});

test('what a worker says of a run that is not in it, as logs and calls, is heard by nobody', async () => {
  const forged = [
    { type: 'log', run: victim, lines: [{ level: 'info', message: 'forged' }] },
    {
      type: 'calls',
      run: victim,
      calls: [{ call: 1, binding: 0, method: 0, args: '[]' }],
    },
    { type: 'abort-call', run: victim, call: 1 },
    { type: 'quick', run: victim },
    { type: 'waits', run: victim },
    { type: 'computes', run: victim },
  ];
  const lines = await forge(
    [0, true],
    `const victim = run('victim', { forMs: 1500 });
     say(await run('rogue', ${JSON.stringify({ forged })}).then((end) => JSON.parse(end).attempts)); say(await victim);`,
  );
  expect(lines).toEqual(['1', unharmed, 'exits ']);
});
