import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { recordEvents } from '../support/channels.ts';
import { startHost } from '../support/processes.ts';
import { as, codeOf, runUntilLog, sleeper, startRuntime } from '../support/runs.ts';

const index = fileURLToPath(new URL('../../src/index.ts', import.meta.url));

test.runIf(process.platform === 'linux')(
  'a host that has no descriptor left says why no run gets a worker, and goes on when it has some again',
  async () => {
    const host = startHost(
      `
      import { subscribe } from 'node:diagnostics_channel';
      import { closeSync, openSync } from 'node:fs';
      import { createRuntime } from ${JSON.stringify(index)};
      let worker;
      subscribe('cloister:worker:start', ({ pid }) => { worker = pid; });
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      const options = { workers: 1, spareWorkers: 0, poolSize: 1, acquireTimeoutMs: 3000 };
      const runtime = await createRuntime(options);
      const end = (source, context) => runtime.execute(source, {}, context).then(
        ({ output }) => 'completed ' + output.value,
        ({ code, message }) => code + ' ' + message,
      );
      console.log('before', await end('return 1'));
      const held = [];
      try { for (;;) held.push(openSync('/dev/null')); } catch {}
      console.log('without', await end('return 2'));
      console.log('types', await end('const n: number = 3; return n', { language: 'typescript' }));
      const underWay = end('await new Promise((done) => setTimeout(done, 500)); return 3');
      setTimeout(() => process.kill(worker, 'SIGKILL'), 200);
      console.log('lost', await underWay);
      for (const descriptor of held) closeSync(descriptor);
      console.log('after', await end('return 4'));
      console.log('types', await end('const n: number = 5; return n', { language: 'typescript' }));
      await runtime.shutdown();
      `,
      { openFiles: 2048 },
    );
    const { lines, status } = await host.end;
    expect(lines).toEqual([
      'before completed 1',
      'without completed 2',
      'types worker_start_failed a process to erase types in could not be started: it could not be spawned',
      'lost acquire_timeout no VM became free within 3000 ms (acquireTimeoutMs); a worker process could not be started: it could not be spawned',
      'after completed 4',
      'types completed 5',
    ]);
    expect(status).toBe(0);
  },
);

describe('when the clock of the machine jumps by a day', () => {
  test.each([1, -1])('%d, no limit, wait or result changes', async (days) => {
    const runtime = await startRuntime({ workers: 1, poolSize: 2, acquireTimeoutMs: 5000 });
    const waits = await runUntilLog(runtime, sleeper(800), as('a'));
    const loops = await runUntilLog(
      runtime,
      `console.log('up'); for (;;);`,
      as('b', { limits: { timeoutMs: 1500 } }),
    );
    const begun = performance.now();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + days * 24 * 60 * 60 * 1000 });
    onTestFinished(() => void vi.useRealTimers());
    const { usage } = await waits.result;
    expect(usage.wallMs).toBeGreaterThan(700);
    expect(usage.wallMs).toBeLessThan(5000);
    expect(await loops.code).toBe('timeout');
    expect(performance.now() - begun).toBeGreaterThan(1000);
    expect(await codeOf(runtime.execute('return 1', {}, as('c')))).toBe('completed');
  });
});

test('a worker that reads nothing, so that its pipe is full, holds up neither the host nor a run', async () => {
  const events = recordEvents();
  const runtime = await startRuntime({ workers: 1, spareWorkers: 0, poolSize: 1 });
  await runtime.execute('return 1', {}, as('a'));
  const [pid] = events.workerPids();
  process.kill(pid!, 'SIGSTOP');
  const input = { text: 'x'.repeat(2 ** 21) };
  const runs = Array.from({ length: 8 }, (_, i) =>
    runtime.execute('return ctx.input.text.length', input, as(i === 0 ? 'a' : `t${i}`)),
  );
  const gaps: number[] = [];
  for (let i = 0, last = performance.now(); i < 50; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    gaps.push(performance.now() - last);
    last = performance.now();
  }
  expect(Math.max(...gaps)).toBeLessThan(500);
  process.kill(pid!, 'SIGCONT');
  for (const { output, usage } of await Promise.all(runs)) {
    expect(output).toEqual({ value: 2 ** 21 });
    expect(usage.attempts).toBe(1);
  }
});
