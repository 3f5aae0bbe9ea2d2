import { expect } from 'vitest';
import type { RuntimeOptions } from '../../src/index.ts';
import { copyPackage } from './package-copy.ts';
import { startHost } from './processes.ts';

/**
 * What a worker that has been taken over does about the messages of the host: bodies of code with `message`,
 * its fields `run`, `vm` and `source`, `settled` and `completed` to make answers with, and `send` and `raw` in scope.
 */
export interface RogueAnswers {
  readonly run: string;
  readonly lane?: string;
  readonly create?: string;
  readonly destroy?: string;
}

const harmless = {
  lane: '',
  create: `send({ type: 'vm-ready', vm });`,
  destroy: `send({ type: 'vm-gone', vm });`,
};

const program = ({ run, lane, create, destroy }: Required<RogueAnswers>): string => `
  import { Socket } from 'node:net';
  import { encodeFrame, FrameReader } from '../protocol/frames.ts';
  const pipe = new Socket({ fd: 3, readable: true, writable: true });
  const reader = new FrameReader(2 ** 28);
  const raw = (bytes: Buffer) => pipe.write(bytes);
  const send = (message: unknown) => raw(encodeFrame([message]));
  const frameOf = (messages: unknown[], attachments: string) => {
    const body = JSON.stringify(messages);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(Buffer.byteLength(body), 0);
    head.writeUInt32LE(attachments.length, 4);
    return Buffer.concat([head, Buffer.from(body), Buffer.from(attachments)]);
  };
  pipe.on('close', () => process.kill(process.pid, 'SIGKILL'));
  pipe.on('error', () => {});
  const usage = { wallMs: 1, cpuMs: 1, heapBytes: 1 };
  const completed = (...runs: unknown[]) => ({ type: 'completed', runs, heapBytes: 1, healthy: true });
  /** What the host has said of sources so far. */
  const told: string[] = [];
  pipe.on('data', (piece: Buffer) => {
    for (const message of reader.read(piece) as any[]) {
      const { type, vm, run, source } = message;
      if (source !== undefined) told.push(type + ' ' + source);
      const settled = (outcome: unknown) => ({ type: 'settled', run, outcome, usage, waited: false, longestTurnMs: 0.5, droppedLogs: 0, compiled: 'source', healthy: true });
      if (type === 'ping') send({ type: 'pong' });
      if (type === 'create-vm') { ${create} }
      if (type === 'destroy-vm') { ${destroy} }
      if (type === 'run') { ${run} }
      if (type === 'lane') { ${lane} }
    }
  });
  send({ type: 'ready', versions: { node: '', v8: '', codeTag: '' } });
`;

/** Runs `body` in a host of its own whose workers answer so; `runtime` and `say` are in its scope. */
export async function hostWith(
  answers: RogueAnswers,
  body: string,
  options: RuntimeOptions = {},
): Promise<readonly string[]> {
  const copy = copyPackage();
  copy.write('src/worker/main.ts', program({ ...harmless, ...answers }));
  const host = startHost(`
    import { subscribe } from 'node:diagnostics_channel';
    import { createRuntime, defineBinding } from ${JSON.stringify(copy.index)};
    const params = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
    const never = () => new Promise(() => {});
    const binding = defineBinding('api', { call: { params, handler: never }, free: { params, cost: 0, handler: never } });
    const say = (...words) => console.log(...words);
    process.on('uncaughtException', (error) => say('uncaught', error.message));
    const exits = [];
    const exited = new Promise((resolve) => subscribe('cloister:worker:exit', ({ reason }) => {
      exits.push(reason);
      resolve();
    }));
    const runtime = await createRuntime({ ...${JSON.stringify({ workers: 1, poolSize: 1, ...options })}, bindings: [binding] });
    setTimeout(() => { say('never settled'); process.exit(); }, 20_000).unref();
    const keepAlive = setInterval(() => {}, 1000);
    ${body}
    clearInterval(keepAlive);
    say('exits', exits.join('; '));
    await runtime.shutdown({ graceMs: 0 });
  `);
  const { lines } = await host.end;
  expect(lines.filter((line) => line.startsWith('uncaught'))).toEqual([]);
  return lines;
}
