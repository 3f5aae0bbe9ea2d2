import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { recordEvents } from '../support/channels.ts';
import { allGone, commandOf, isAlive, killAll, startHost } from '../support/processes.ts';
import { as, forever, runUntilLog, startRuntime } from '../support/runs.ts';

const index = new URL('../../src/index.ts', import.meta.url).href;

/** What the descriptors of a process lead to. */
function descriptorsOf(pid: number | 'self'): Map<number, string> {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((name): [number, string][] => {
    try {
      return [[Number(name), readlinkSync(`/proc/${pid}/fd/${name}`)]];
    } catch {
      return []; // The one by which the folder was read.
    }
  });
  return new Map(links);
}

describe.runIf(process.platform === 'linux')('a worker process', () => {
  test('has an empty environment', async () => {
    const events = recordEvents();
    process.env['CLOISTER_TEST_SECRET'] = 'hunter2';
    onTestFinished(() => void delete process.env['CLOISTER_TEST_SECRET']);
    await startRuntime({ workers: 1, poolSize: 1 });
    // What starts it in namespaces of its own sets this variable, which says nothing.
    const environment = readFileSync(`/proc/${events.workerPids()[0]}/environ`, 'utf8');
    expect(environment.replace('PWD=/\0', '')).toBe('');
  });

  test('has its pipe, standard error and its own descriptors, and none of the host', async () => {
    const file = openSync(fileURLToPath(import.meta.url), 'r');
    onTestFinished(() => closeSync(file));
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const events = recordEvents();
    const runtime = await startRuntime({ workers: 2, poolSize: 2 });
    await runtime.execute('return 1');
    for (const pid of events.workerPids()) {
      const links = descriptorsOf(pid);
      expect([links.get(0), links.get(1)]).toEqual(['/dev/null', '/dev/null']);
      expect(links.get(2)).toMatch(/^(socket|pipe):/);
      expect(links.get(3)).toMatch(/^(socket|pipe):/);
      // The file in which it notes what it executes, which has no name any more.
      expect(links.get(4)).toMatch(/\/cloister-[\w-]+ \(deleted\)$/);
      const others = [...links].filter(([fd]) => fd > 4);
      // Where there is no /dev/null, libuv opens the root in its place: that of the jail.
      expect(
        others.filter(([, link]) => !/^(anon_inode:|pipe:|\/dev\/null$|\/$)/.test(link)),
      ).toEqual([]);
      const ofHost = new Set(descriptorsOf('self').values());
      links.delete(4);
      const shared = [...links.values()].filter((link) => link !== '/dev/null' && ofHost.has(link));
      expect(shared.filter((link) => !link.startsWith('anon_inode:'))).toEqual([]);
    }
  });

  test('has no descriptor that the host was itself started with, however high its number', async () => {
    const code = `
      import { readdirSync, readlinkSync } from 'node:fs';
      import { subscribe } from 'node:diagnostics_channel';
      import { createRuntime } from ${JSON.stringify(index)};
      const linksOf = (pid) => readdirSync('/proc/' + pid + '/fd').flatMap((fd) => {
        try { return [readlinkSync('/proc/' + pid + '/fd/' + fd)]; } catch { return []; }
      });
      subscribe('cloister:worker:start', ({ pid }) => {
        console.log(JSON.stringify([linksOf('self'), linksOf(pid)]
          .map((links) => links.filter((link) => link.endsWith('/package.json')).length)));
      });
      const runtime = await createRuntime({ workers: 1, poolSize: 0 });
      await runtime.shutdown();`;
    const file = fileURLToPath(new URL('../../package.json', import.meta.url));
    // As a supervisor or a shell does that leaves a descriptor open for the programs it starts.
    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      'exec 60<"$1"; exec "$2" --input-type=module --eval "$3"',
      'bash',
      file,
      process.execPath,
      code,
    ]);
    expect(JSON.parse(stdout)).toEqual([1, 0]);
  });

  test('has the permission model, may read its own code only, and was given no secrets', async () => {
    const events = recordEvents();
    await startRuntime({ workers: 1, poolSize: 1 });
    const command = commandOf(events.workerPids()[0]!);
    expect(command).toEqual(
      expect.arrayContaining(['--permission', '--allow-addons', '--no-node-snapshot']),
    );
    expect(command.filter((part) => /^--allow-(?!addons$|fs-read=)/.test(part))).toEqual([]);
    expect(command.filter((part) => /inspect|--eval|--require|--import/.test(part))).toEqual([]);
    const readable = command.flatMap((part) => part.split('--allow-fs-read=').slice(1));
    for (const folder of readable) {
      expect(folder).toMatch(
        /\/packages\/runtime\/?$|\/node_modules\/[\w-]+$|^\/etc\/alpine-release$/,
      );
    }
    expect(readlinkSync(`/proc/${events.workerPids()[0]}/cwd`)).toBe('/');
  });

  test.each([
    ['is busy', 'for (;;);'],
    ['has something to say that nobody will read', `for (;;) console.log('x'.repeat(100));`],
  ])(
    'dies with a host that is killed and had not read all, while it %s, as the idle ones do',
    async (_what, loop) => {
      const host = startHost(`
      import { subscribe } from 'node:diagnostics_channel';
      import { createRuntime } from ${JSON.stringify(index)};
      const pids = [];
      subscribe('cloister:worker:start', ({ pid }) => pids.push(pid));
      const runtime = await createRuntime({ workers: 3, poolSize: 3 });
      while (runtime.stats().pool.warm < 3) await new Promise((resolve) => setTimeout(resolve, 5));
      const onLog = () => {
        console.log('pids', JSON.stringify(pids));
        for (;;); // From here on, what the workers write stays unread.
      };
      runtime.execute(${JSON.stringify(`console.log('up'); ${loop}`)}, {}, { onLog });
    `);
      const pids = JSON.parse(await host.line('pids')) as number[];
      onTestFinished(() => killAll(pids));
      expect(pids).toHaveLength(3);
      expect(pids.every(isAlive)).toBe(true);
      // The VM that replaces the one in use is reported meanwhile; nothing tells that to us.
      await setTimeout(500);
      process.kill(host.pid, 'SIGKILL');
      await allGone([host.pid, ...pids]);
    },
  );

  test('does not die of a Ctrl-C, which is the affair of the host', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ workers: 1, poolSize: 1 });
    const run = await runUntilLog(runtime, forever, as('a'));
    process.kill(events.workerPids()[0]!, 'SIGINT');
    // What it is asked after the signal, it answers: it has outlived it.
    expect((await runtime.execute('return 1', {}, as('b'))).output).toEqual({ value: 1 });
    expect(events.of('cloister:worker:exit')).toEqual([]);
    run.cancel();
    expect(await run.code).toBe('cancelled');
  });
});
