import { describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { recordEvents } from '../support/channels.ts';
import { isAlive, workersOf } from '../support/processes.ts';
import {
  as,
  codeOf,
  failureOf,
  forever,
  runUntilLog,
  sleeper,
  startRuntime,
  unstoppable,
} from '../support/runs.ts';

describe('shutdown', () => {
  test('lets runs come to their end, those that wait for a VM too', async () => {
    const runtime = await startRuntime({ poolSize: 1, maxVms: 1, workers: 1 });
    const runs = ['a', 'b', 'c'].map((id) => runtime.execute(sleeper(100), {}, as(id)));
    const closed = runtime.shutdown();
    expect(runtime.stats().state).toBe('draining');
    expect((await Promise.all(runs)).map(({ output }) => output['value'])).toEqual([
      'slept',
      'slept',
      'slept',
    ]);
    await closed;
    expect(runtime.stats()).toMatchObject({
      state: 'closed',
      pool: { workers: 0, vms: 0 },
      queue: { queued: 0, running: 0 },
    });
  });

  test('ends what is left after graceMs as pool_closed, with its logs', async () => {
    const runtime = await startRuntime({ poolSize: 1, maxVms: 1, workers: 1 });
    const running = await runUntilLog(runtime, forever, as('a'));
    const queued = failureOf(runtime.execute('return 1', {}, as('b')));
    await runtime.shutdown({ graceMs: 100 });
    const error = await failureOf(running.result);
    expect(error).toMatchObject({ name: 'PoolClosedError', code: 'pool_closed' });
    expect(error.logs.map(({ message }) => message)).toEqual(['up']);
    expect(await queued).toMatchObject({ code: 'pool_closed', logs: [] });
  });

  test('waits as long as the runs need when graceMs allows it', async () => {
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const run = await runUntilLog(runtime, sleeper(500));
    await runtime.shutdown({ graceMs: 24 * 60 * 60 * 1000 });
    expect(await run.code).toBe('completed');
  });

  test.each([Infinity, Number.NaN, -1, 0.5, 24 * 60 * 60 * 1000 + 1, '5', {}])(
    'refuses a graceMs of %j by name and with its range, and closes nothing',
    async (graceMs) => {
      const runtime = await startRuntime({ poolSize: 1, workers: 1 });
      expect(await failureOf(runtime.shutdown({ graceMs } as object))).toMatchObject({
        code: 'invalid_options',
        message: expect.stringMatching(/^graceMs must be a whole number from 0 to 86400000/),
      });
      expect(runtime.stats().state).toBe('running');
      expect(await codeOf(runtime.execute('return 1'))).toBe('completed');
    },
  );

  test('does not wait for a run that nothing can stop but SIGKILL', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const run = await runUntilLog(runtime, unstoppable);
    await runtime.shutdown({ graceMs: 0 });
    expect(await run.code).toBe('pool_closed');
    expect(events.workerPids()).toEqual([]);
  });

  test('is idempotent: the first call counts, and each one waits for the same end', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const run = await runUntilLog(runtime, sleeper(300));
    const ends: string[] = [];
    const calls = [runtime.shutdown(), runtime.shutdown({ graceMs: 0 }), runtime.shutdown()].map(
      (call) => call.then(() => ends.push(runtime.stats().state)),
    );
    expect(await run.code).toBe('completed');
    await Promise.all(calls);
    expect(ends).toEqual(['closed', 'closed', 'closed']);
    expect(await runtime.shutdown()).toBeUndefined();
    await runtime[Symbol.asyncDispose]();
    expect(events.of('cloister:worker:exit')).toHaveLength(1);
    const ended = events.of('cloister:vm:destroy').map(({ vm }) => vm);
    expect(new Set(ended).size).toBe(ended.length);
  });

  test('comes at the end of a block with await using', async () => {
    const events = recordEvents();
    const run = async (): Promise<unknown> => {
      await using runtime = await createRuntime({ poolSize: 1, workers: 1 });
      return await runtime.execute('return 1');
    };
    expect(await run()).toMatchObject({ output: { value: 1 } });
    expect(events.workerPids()).toEqual([]);
  });

  test('refuses every later run as pool_closed, during the draining and after it', async () => {
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const running = await runUntilLog(runtime, sleeper(100));
    const closed = runtime.shutdown();
    expect(await codeOf(runtime.execute('return 1'))).toBe('pool_closed');
    expect(await codeOf(runtime.validateSyntax('return 1'))).toBe('pool_closed');
    expect(await running.code).toBe('completed');
    await closed;
    expect(await codeOf(runtime.execute('return 1'))).toBe('pool_closed');
    expect(await codeOf(runtime.validateSyntax('return 1'))).toBe('pool_closed');
  });

  test('leaves no child process', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 4, workers: 3 });
    await events.count('cloister:worker:start', 3);
    const pids = events.workerPids();
    expect(pids).toHaveLength(3);
    await runtime.execute('return 1');
    await runtime.shutdown();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(workersOf(process.pid)).toEqual([]);
  });

  test('leaves no child process when every worker was lost before and replaced', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    process.kill(events.workerPids()[0]!, 'SIGKILL');
    await events.count('cloister:worker:start', 2);
    await runtime.shutdown();
    expect(events.workerPids()).toEqual([]);
    expect(runtime.stats().pool).toMatchObject({ workers: 0, vms: 0 });
  });

  test('while a worker is being replaced leaves no child process', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    process.kill(events.workerPids()[0]!, 'SIGKILL');
    await events.first('cloister:worker:exit');
    await runtime.shutdown();
    expect(workersOf(process.pid)).toEqual([]);
    expect(runtime.stats().pool.workers).toBe(0);
  });

  test('in the middle of the first load settles every run', async () => {
    const runtime = await startRuntime({ poolSize: 1, maxVms: 20, workers: 2 });
    const runs = Array.from({ length: 200 }, (_, index) =>
      codeOf(runtime.execute(sleeper(20), {}, as(`t${index % 30}`))),
    );
    await runtime.shutdown({ graceMs: 50 });
    const codes = await Promise.all(runs);
    expect(new Set(codes).difference(new Set(['completed', 'pool_closed']))).toEqual(new Set());
    expect(runtime.stats().queue).toEqual({ queued: 0, running: 0, tenants: 0 });
  });

  test('of a runtime that is switched off does nothing, as every run does', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ enabled: false });
    expect(runtime.stats().state).toBe('disabled');
    expect(await codeOf(runtime.execute('return 1'))).toBe('scripts_disabled');
    await runtime.shutdown();
    expect(events.all).toEqual([]);
  });
});
