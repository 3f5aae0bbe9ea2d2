import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { JailLayer } from '../../src/index.ts';
import { WorkerProcess, type WorkerExit } from '../../src/host/worker-process.ts';
import { findLayers } from '../../src/host/jail/find-layers.ts';
import { openJail } from '../../src/host/jail/jail.ts';
import { jailLayers } from '../../src/host/jail/layers.ts';
import { jailAttacks, type AttackTargets } from '../support/jail-attacks.ts';
import { copyPackage, type PackageCopy } from '../support/package-copy.ts';
import { ancestorsOf, startHost } from '../support/processes.ts';
import { recordEvents } from '../support/channels.ts';
import { runUntilLog, sleeper, startRuntime } from '../support/runs.ts';

const { layers: available, missing } = await findLayers();

/** A worker that runs, for each run, the attack whose name is the input. */
const takenOver = `
  import * as childProcess from 'node:child_process';
  import * as dgram from 'node:dgram';
  import * as fs from 'node:fs';
  import * as net from 'node:net';
  import * as os from 'node:os';
  import { once } from 'node:events';
  import { encodeFrame, FrameReader } from '../protocol/frames.ts';
  const attacks: Record<string, (given: any) => Promise<void>> = {
    ${Object.entries(jailAttacks)
      .map(([name, { code }]) => `${JSON.stringify(name)}: async (given) => { ${code} },`)
      .join('\n')}
  };
  const pipe = new net.Socket({ fd: 3, readable: true, writable: true });
  const reader = new FrameReader(2 ** 28);
  const send = (message: unknown) => pipe.write(encodeFrame([message]));
  const usage = { wallMs: 1, cpuMs: 1, heapBytes: 1 };
  const handle = async ({ type, vm, run, input }: any) => {
    if (type === 'create-vm') send({ type: 'vm-ready', vm });
    if (type === 'destroy-vm') send({ type: 'vm-gone', vm });
    if (type !== 'run') return;
    const { name, given } = JSON.parse(input);
    const end = await attacks[name]!(given).then(() => 'succeeds', (error) => 'fails: ' + error.message);
    const output = JSON.stringify({ end });
    send({ type: 'settled', run, outcome: { status: 'completed', output }, usage, droppedLogs: 0, compiled: 'source', healthy: true });
  };
  pipe.on('close', () => process.kill(process.pid, 'SIGKILL'));
  pipe.on('data', (piece: Buffer) => { for (const message of reader.read(piece)) void handle(message); });
  send({ type: 'ready', versions: { node: '', v8: '', codeTag: '' } });
`;

/** A copy of the package whose workers are taken over and have these layers only. */
function copyWith(layers: readonly JailLayer[]): PackageCopy {
  const copy = copyPackage();
  const replace = (file: string, part: string, other: string): void => {
    const text = copy.read(file);
    expect(text.split(part)).toHaveLength(2);
    copy.write(file, text.replace(part, other));
  };
  copy.write('src/worker/main.ts', takenOver);
  const kept = JSON.stringify(layers);
  replace(
    'src/host/jail/jail.ts',
    'new Jail(layers)',
    `new Jail(new Set([...layers].filter((layer) => ${kept}.includes(layer))))`,
  );
  if (!layers.includes('permissions')) {
    const flags = `'--no-node-snapshot', '--no-warnings'`;
    replace('src/host/worker-program.ts', '...flags[program]()', flags);
  }
  if (!layers.includes('no-environment')) {
    replace('src/host/worker-process.ts', 'env: {}', 'env: process.env');
  }
  return copy;
}

/** Things of the host that a worker must not get at. */
async function targets(copy: PackageCopy): Promise<AttackTargets> {
  const folder = mkdtempSync(join(tmpdir(), 'cloister-target-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o777);
  const [publicFile, privateFile] = [join(folder, 'public'), join(folder, 'private')];
  writeFileSync(publicFile, 'secret', { mode: 0o644 });
  writeFileSync(privateFile, 'secret', { mode: 0o600 });
  const listen = async (...where: [number, string] | [string]): Promise<number> => {
    const server = createServer((socket) => socket.destroy());
    onTestFinished(() => void server.close());
    server.listen(...(where as [number, string]));
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const socket = join(folder, 'socket');
  await listen(socket);
  chmodSync(socket, 0o777);
  const victim = spawn('sleep', ['60'], { stdio: 'ignore' });
  onTestFinished(() => void victim.kill());
  return {
    publicFile,
    privateFile,
    folder,
    packageFile: fileURLToPath(new URL('worker/main.ts', copy.index)),
    port: await listen(0, '127.0.0.1'),
    socket,
    host: process.pid,
    victim: victim.pid!,
  };
}

/** How attacks end in a worker of a copy, and the layers that it was in. */
async function attack(
  copy: PackageCopy,
  names: readonly string[],
): Promise<{ ends: Record<string, string>; layers: string[] }> {
  const host = startHost(`
    import { createRuntime } from ${JSON.stringify(copy.index)};
    process.env.CLOISTER_TEST_SECRET = 'hunter2';
    const given = ${JSON.stringify(await targets(copy))};
    const runtime = await createRuntime({ workers: 1, poolSize: 1, spareWorkers: 0 });
    const ends = {};
    for (const name of ${JSON.stringify(names)}) {
      ends[name] = await runtime.execute('', { name, given }).then(
        ({ output }) => output.end,
        ({ code }) => 'fails: ' + code,
      );
    }
    console.log('report', JSON.stringify({ ends, layers: runtime.stats().jail }));
    await runtime.shutdown({ graceMs: 0 });
  `);
  return JSON.parse(await host.line('report')) as Awaited<ReturnType<typeof attack>>;
}

/** How each attack should end: it succeeds unless one of these layers stops it. */
function expectedEnds(layers: readonly JailLayer[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(jailAttacks).map(([name, { stoppedBy }]) => {
      const isStopped = stoppedBy.some((layer) => layers.includes(layer));
      return [name, isStopped ? expect.stringMatching(/^fails: /) : 'succeeds'];
    }),
  );
}

const isRoot = process.getuid?.() === 0;
const layerSets: readonly (readonly JailLayer[])[] = [
  [],
  ['permissions'],
  ['no-environment'],
  ['resource-limits'],
  ['low-priority'],
  ['unprivileged-user'],
  ['namespaces'],
  ['namespaces', 'seccomp'],
];

// Only root has privileges to lose, so only a host of root's shows what each layer takes away.
describe.runIf(isRoot)('a worker that has been taken over', () => {
  for (const layers of layerSets) {
    const lacking = layers.filter((layer) => !available.has(layer));
    const reasons = lacking.map((layer) => `${layer}: ${missing.get(layer)}`);
    const title = `is kept from what ${layers.join(' with ') || 'no layer'} is there for, and from nothing else`;
    test.skipIf(lacking.length > 0)([title, ...reasons].join('; '), async () => {
      const report = await attack(copyWith(layers), Object.keys(jailAttacks));
      expect(report).toEqual({ ends: expectedEnds(layers), layers });
    });
  }

  test.skipIf(missing.size > 0)('gets nowhere in all layers at once', async () => {
    const { ends } = await attack(copyWith(jailLayers), Object.keys(jailAttacks));
    expect(Object.entries(ends).filter(([, end]) => !end.startsWith('fails: '))).toEqual([]);
  });

  test.skipIf(!available.has('namespaces'))(
    'does not see the process that set its namespaces up, nor what that was given',
    async () => {
      const copy = copyWith(['namespaces']);
      copy.write(
        'src/worker/main.ts',
        takenOver.replace('await attacks[name]!(given)', 'await look()') +
          `
          async function look() {
            throw new Error(JSON.stringify([fs.readdirSync('/proc/1'), fs.readdirSync('/').toSorted(),
              fs.readdirSync('/proc').filter((name) => Number(name) > 0), process.env.PWD]));
          }`,
      );
      const { ends } = await attack(copy, ['look']);
      expect(JSON.parse(ends['look']!.slice('fails: '.length))).toEqual([
        [],
        expect.not.arrayContaining(['home', 'root', 'dev', 'sys', 'var', 'bin', 'run']),
        ['1', '2'],
        '/',
      ]);
    },
  );
});

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
});
