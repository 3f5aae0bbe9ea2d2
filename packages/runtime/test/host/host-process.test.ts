import { describe, expect, test } from 'vitest';
import { allGone, startHost, workersOf } from '../support/processes.ts';

describe('a host process', () => {
  const index = new URL('../../src/index.ts', import.meta.url).href;
  const intro = `
    import { createRuntime } from ${JSON.stringify(index)};
    const runtime = await createRuntime({ workers: 2, poolSize: 2 });
    const run = (source, context) => runtime.execute(source, {}, context).then(({ output }) => console.log('output', output.value));`;

  test('ends by itself after shutdown', async () => {
    const host = startHost(`${intro} await run('return 7'); await runtime.shutdown();`);
    expect(await host.end).toEqual({ status: 0, signal: null, lines: ['output 7'], errors: '' });
  });

  test('ends by itself without shutdown when nothing is running, and takes the workers along', async () => {
    const host = startHost(`${intro}
      import { readdirSync } from 'node:fs';
      await run('return 7');
      process.on('exit', () => console.log('exit'));`);
    await host.line('output');
    const pids = workersOf(host.pid);
    expect(await host.end).toEqual({
      status: 0,
      signal: null,
      lines: ['output 7', 'exit'],
      errors: '',
    });
    // They find the pipe closed, when they have done what they were about.
    await allGone(pids);
  });

  test('ends by itself without shutdown when it never ran anything', async () => {
    expect(await startHost(intro).end).toMatchObject({ status: 0, errors: '' });
  });

  test('stays for a run under way, though nobody waits for it', async () => {
    const host = startHost(
      `${intro} run("await new Promise((resolve) => setTimeout(resolve, 300)); return 8");`,
    );
    expect(await host.end).toEqual({ status: 0, signal: null, lines: ['output 8'], errors: '' });
  });

  test('stays for a run that waits for the replacement of a lost worker', async () => {
    const host = startHost(`
      import { subscribe } from 'node:diagnostics_channel';
      import { createRuntime } from ${JSON.stringify(index)};
      subscribe('cloister:worker:start', ({ pid }) => process.kill(pid, 'SIGKILL'));
      const runtime = await createRuntime({ workers: 1, poolSize: 0, acquireTimeoutMs: 1000 });
      await runtime.execute('return 1').catch((error) => console.log('code', error.code));`);
    expect(await host.line('code')).toMatch(/acquire_timeout|worker_crashed/);
    expect(await host.end).toMatchObject({ status: 0 });
  });

  test('that drains on a Ctrl-C of its terminal, which goes to the whole group, loses no run', async () => {
    const host = startHost(
      `${intro}
      process.on('SIGINT', () => runtime.shutdown().then(() => console.log('closed')));
      run("console.log('up'); await new Promise((resolve) => setTimeout(resolve, 1000)); return 9",
        { onLog: () => console.log('up') }).catch((error) => console.log('failed', error.code));`,
      { detached: true },
    );
    await host.line('up');
    process.kill(-host.pid, 'SIGINT');
    expect(await host.end).toMatchObject({ status: 0, lines: ['up', 'output 9', 'closed'] });
  });

  test.each([30, 45, 60, 80, 110])(
    'that exits while its workers start leaves nothing of them behind (after %i ms)',
    async (ms) => {
      const host = startHost(`
        import { readdirSync, readFileSync } from 'node:fs';
        import { createRuntime } from ${JSON.stringify(index)};
        const childrenOf = (parent) => readdirSync('/proc').filter((pid) => {
          try {
            return /^\\d+$/.test(pid) && readFileSync('/proc/' + pid + '/stat', 'utf8').split(') ')[1].split(' ')[1] === String(parent);
          } catch {
            return false;
          }
        });
        void createRuntime({ workers: 4 });
        setTimeout(() => {
          console.log('children', childrenOf(process.pid).join(' '));
          process.exit();
        }, ${ms});`);
      const line = await host.line('children');
      await host.end;
      const groups = line.split(' ').slice(1).filter(Boolean).map(Number);
      await expect.poll(() => groups.filter(isGroup), { timeout: 10_000 }).toEqual([]);
    },
  );
});

/** Whether anybody is in a process group. */
function isGroup(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return true;
  } catch {
    return false;
  }
}
