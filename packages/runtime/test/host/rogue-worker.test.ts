import { describe, expect, test } from 'vitest';
import { copyPackage } from '../support/package-copy.ts';
import { startHost } from '../support/processes.ts';

/** What a worker that has been taken over may answer to a run, as the body of `(run, send, raw)`. */
const answers: Readonly<Record<string, string>> = {
  'says nothing at all': '',
  'writes bytes that are no frame': `raw(Buffer.from('{"type":"settled"}'));`,
  'announces a frame of 4 GB': `raw(Buffer.from([255, 255, 255, 255]));`,
  'sends a message of an unknown type': `send({ type: 'exec', command: 'ls' });`,
  'settles the run with wrong types': `send({ type: 'settled', run, outcome: 5 });`,
  'settles the run with an output that is no JSON': `send(settled({ status: 'completed', output: '{' }));`,
  'settles the run with an output that is no map': `send(settled({ status: 'completed', output: '[1]' }));`,
  'settles the run with the output null': `send(settled({ status: 'completed', output: 'null' }));`,
  'logs data that is no JSON': `send({ type: 'log', run, lines: [{ level: 'info', message: '', data: '[' }] });`,
  'logs data that is no list': `send({ type: 'log', run, lines: [{ level: 'info', message: '', data: '{}' }] });`,
  'sends a vm-gone for the VM and no end of the run': `send({ type: 'vm-gone', vm });`,
  'closes its pipe': `pipe.destroy();`,
  exits: `process.exit(0);`,
};

const rogue = (answer: string): string => `
  import { Socket } from 'node:net';
  import { encodeFrame, FrameReader } from '../protocol/frames.ts';
  const pipe = new Socket({ fd: 3, readable: true, writable: true });
  const reader = new FrameReader(2 ** 28);
  const raw = (bytes: Buffer) => pipe.write(bytes);
  const send = (message: unknown) => raw(encodeFrame([message]));
  pipe.on('close', () => process.kill(process.pid, 'SIGKILL'));
  pipe.on('error', () => {});
  const usage = { wallMs: 1, cpuMs: 1, heapBytes: 1 };
  pipe.on('data', (piece: Buffer) => {
    for (const message of reader.read(piece) as any[]) {
      const { type, vm, run } = message;
      const settled = (outcome: unknown) => ({ type: 'settled', run, outcome, usage, droppedLogs: 0, healthy: true });
      if (type === 'create-vm') send({ type: 'vm-ready', vm });
      if (type === 'destroy-vm') send({ type: 'vm-gone', vm });
      if (type === 'run') { ${answer} }
    }
  });
  send({ type: 'ready', versions: { node: '', v8: '' } });
`;

/** How a script ends, in a host of its own, when the worker answers so. */
async function codeWith(answer: string, timeoutMs = 1000): Promise<string> {
  const copy = copyPackage();
  copy.write('src/worker/main.ts', rogue(answer));
  const host = startHost(`
    import { createRuntime } from ${JSON.stringify(copy.index)};
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    const runtime = await createRuntime({ workers: 1, poolSize: 1, limits: { timeoutMs: ${timeoutMs} } });
    setTimeout(() => { console.log('code', 'never settled'); process.exit(); }, ${timeoutMs} + 10_000).unref();
    const keepAlive = setInterval(() => {}, 1000);
    await runtime.execute('return 1').then(
      ({ output }) => console.log('code', 'completed', JSON.stringify(output)),
      (error) => console.log('code', error.code));
    clearInterval(keepAlive);
    await runtime.shutdown({ graceMs: 0 });
  `);
  const code = await host.line('code');
  const { lines } = await host.end;
  expect(lines.filter((line) => line.startsWith('uncaught'))).toEqual([]);
  return code;
}

describe('a worker that has been taken over', () => {
  test.each(Object.entries(answers))(
    'and %s, ends its run with an error and no more',
    async (_what, answer) => {
      expect(await codeWith(answer)).toMatch(/^(worker_crashed|timeout)$/);
    },
  );

  test('cannot settle a run twice, nor one that is not its own', async () => {
    const done = `settled({ status: 'completed', output: '{"value":1}' })`;
    const others = `send({ ...${done}, run: run + 1 }); send({ ...${done}, run: 0 });`;
    expect(
      await codeWith(
        `${others} send(${done}); send(${done}); send({ type: 'log', run, lines: [] });`,
      ),
    ).toBe('completed {"value":1}');
  });

  test('cannot fill the memory of the host with logs', async () => {
    const flood = `const lines = Array.from({ length: 2000 }, () => ({ level: 'info', message: 'x'.repeat(1000) }));
      for (let i = 0; i < 50; i++) send({ type: 'log', run, lines });
      send(settled({ status: 'failed', code: 'output_invalid', message: '' }));`;
    expect(await codeWith(flood, 20_000)).toBe('output_invalid');
  });
});
