/**
 * The worker process. Started by {@link file://../host/worker-process.ts} with an empty environment
 * and one pipe, file descriptor 3; it speaks nothing but the protocol, and to the host alone.
 */
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { cachedDataVersionTag } from 'node:v8';
import { encodeFrames, FrameReader } from '../protocol/frames.ts';
import type { HostMessage, WorkerMessage } from '../protocol/messages.ts';
import { selfTest } from './self-test.ts';
import { Supervisor } from './supervisor.ts';

const maxFrameBytes = 256 * 1024 * 1024;
const pipe = new Socket({ fd: 3, readable: true, writable: true });
const reader = new FrameReader(maxFrameBytes);
let outgoing: WorkerMessage[] = [];

function send(message: WorkerMessage): void {
  if (outgoing.length === 0) setImmediate(flush);
  outgoing.push(message);
}

function flush(): void {
  for (const frame of encodeFrames(outgoing)) pipe.write(frame);
  outgoing = [];
}

// The host owns this process: without it there is nothing left to do. Exit handlers would wait for
// threads that V8 cannot stop, so the process takes itself down.
const leave = (error?: unknown): void => {
  try {
    if (error instanceof Error) writeSync(2, `worker: ${error.message}\n`);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
};
// A Ctrl-C at a terminal, and some service managers, signal every process of a group. It is for the
// host to decide what becomes of the runs; without it the pipe closes, and that is the end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
pipe.on('close', () => leave());
pipe.on('error', leave);
process.on('uncaughtException', leave);

const reason = await selfTest();
if (reason === undefined) {
  const supervisor = new Supervisor(send);
  pipe.on('data', (piece: Buffer) => {
    for (const message of reader.read(piece)) supervisor.handle(message as HostMessage);
  });
  const { node, v8 } = process.versions;
  send({ type: 'ready', versions: { node, v8, codeTag: String(cachedDataVersionTag()) } });
} else {
  send({ type: 'unusable', reason });
}
