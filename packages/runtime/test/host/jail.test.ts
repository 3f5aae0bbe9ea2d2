import { chmodSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findLayers } from '../../src/host/jail/find-layers.ts';
import { openJail } from '../../src/host/jail/jail.ts';
import { jailLayers } from '../../src/host/jail/layers.ts';
import { WorkerProcess, type WorkerExit } from '../../src/host/worker-process.ts';
import { recordEvents } from '../support/channels.ts';
import { copyPackage } from '../support/package-copy.ts';
import { ancestorsOf, startHost } from '../support/processes.ts';
import { runUntilLog, sleeper, startRuntime } from '../support/runs.ts';

const { layers: available, missing } = await findLayers();
const isRoot = process.getuid?.() === 0;

describe('the jail', () => {
  test('auto starts wherever it is, and says what it could not have', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ workers: 1, poolSize: 0 });
    const [{ layers, missing: reasons } = { layers: [], missing: {} }] = events.of('cloister:jail');
    expect(runtime.stats().jail).toEqual(layers);
    expect([...layers, ...Object.keys(reasons)].toSorted()).toEqual(jailLayers.toSorted());
  });

  test('none has the layers of Node alone', async () => {
    const runtime = await startRuntime({ workers: 1, poolSize: 0, jail: 'none' });
    const own = isRoot ? [] : ['unprivileged-user'];
    expect(runtime.stats().jail).toEqual(['permissions', 'no-environment', ...own]);
    expect((await runtime.execute('return 1')).output).toEqual({ value: 1 });
  });

  test.skipIf(missing.size > 0)('strict starts where there are all layers', async () => {
    const runtime = await startRuntime({ workers: 1, poolSize: 0, jail: 'strict' });
    expect(runtime.stats().jail).toEqual(jailLayers);
    expect((await runtime.execute('return 1')).output).toEqual({ value: 1 });
  });

  test('of a runtime that is switched off has no layers', async () => {
    const runtime = await startRuntime({ enabled: false });
    expect(runtime.stats().jail).toEqual([]);
  });

  test.each([
    ['a command is not installed', 'find-command.ts', `name}`, `name}-missing`],
    [
      'a command does not do what it should',
      'launch.ts',
      `'--unshare-user',`,
      `'--no-such-option',`,
    ],
    ['a command hangs', 'launch.ts', `exec "$@"`, `sleep 60`],
  ])(
    'auto does without a layer when %s, and strict does not start',
    async (_what, file, part, other) => {
      const copy = copyPackage();
      const text = copy.read(`src/host/jail/${file}`);
      expect(text).toContain(part);
      copy.write(`src/host/jail/${file}`, text.replace(part, other));
      const host = startHost(`
      import { createRuntime } from ${JSON.stringify(copy.index)};
      const runtime = await createRuntime({ workers: 1, poolSize: 0 });
      const { output } = await runtime.execute('return 1');
      console.log('auto', JSON.stringify([output.value, ...runtime.stats().jail]));
      await createRuntime({ jail: 'strict' }).catch(({ code, message }) => console.log('strict', code, message));
      await runtime.shutdown();
    `);
      const [value, ...layers] = JSON.parse(await host.line('auto')) as unknown[];
      expect(value).toBe(1);
      expect(layers).toEqual(expect.arrayContaining(['permissions', 'no-environment']));
      expect(layers).not.toContain('namespaces');
      expect(await host.line('strict')).toMatch(
        /^worker_start_failed jail: 'strict' .*namespaces \(/,
      );
    },
  );

  test.skipIf(!isRoot || !available.has('unprivileged-user'))(
    'is not entered by a user who cannot read the package',
    async () => {
      const copy = copyPackage();
      chmodSync(fileURLToPath(new URL('..', copy.index)), 0o700);
      const host = startHost(`
        import { createRuntime } from ${JSON.stringify(copy.index)};
        const runtime = await createRuntime({ workers: 1, poolSize: 0 });
        console.log('value', (await runtime.execute('return 1')).output.value);
        console.log('layers', runtime.stats().jail.join());
        await runtime.shutdown();
      `);
      expect(await host.line('value')).toBe('1');
      const others = [...available].filter((layer) => layer !== 'unprivileged-user');
      expect((await host.line('layers')).split(',').toSorted()).toEqual(others.toSorted());
    },
  );
});

describe.skipIf(!available.has('namespaces'))('a worker in namespaces of its own', () => {
  test('outlives the signals that a terminal or a service manager sends to everybody', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ workers: 1, poolSize: 1 });
    const [pid] = events.workerPids();
    const run = await runUntilLog(runtime, sleeper(500));
    const above = ancestorsOf(pid!).slice(0, 2);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      for (const each of above) process.kill(each, signal);
    }
    expect(await run.code).toBe('completed');
    expect(events.workerPids()).toEqual([pid]);
  });

  test('leaves nothing behind, however early it is killed', async () => {
    const jail = await openJail('auto');
    for (let ms = 0; ms < 30; ms += 2) {
      const exit = new Promise<WorkerExit>((resolve) => {
        const worker = new WorkerProcess(jail.launch('worker'), {
          onData: () => {},
          onExit: resolve,
        });
        setTimeout(() => worker.kill(), ms);
      });
      // It comes when nobody is left who has the standard error of the worker.
      expect((await exit).signal).toBe('SIGKILL');
    }
  });

  test('leaves nothing behind, however early somebody else kills what starts it', async () => {
    const jail = await openJail('auto');
    for (let round = 0; round < 40; round++) {
      const exit = new Promise<WorkerExit>((resolve) => {
        const worker = new WorkerProcess(jail.launch('worker'), {
          onData: () => {},
          onExit: resolve,
        });
        const outermost = worker.pid!;
        setTimeout(() => process.kill(outermost, 'SIGKILL'), round / 2);
      });
      expect((await exit).signal).toBe('SIGKILL');
    }
  });
});
