import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { JailLayer } from '../../src/index.ts';
import { findLayers } from '../../src/host/jail/find-layers.ts';
import { jailLayers } from '../../src/host/jail/layers.ts';
import { jailAttacks, type AttackTargets } from '../support/jail-attacks.ts';
import { copyPackage, type PackageCopy } from '../support/package-copy.ts';
import { startHost } from '../support/processes.ts';

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
    send({ type: 'settled', run, outcome: { status: 'completed', output }, usage, waited: false, longestTurnMs: 100, droppedLogs: 0, compiled: 'source', healthy: true });
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

describe('a worker that has been taken over', () => {
  // Only root has privileges to lose, so only a host of root's shows what each layer takes away.
  for (const layers of isRoot ? layerSets : []) {
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
