/**
 * The worker process. Started by {@link file://../host/worker-process.ts} with an empty environment
 * and one pipe; it speaks nothing but the protocol, and to the host alone.
 */
import { cachedDataVersionTag } from 'node:v8';
import { HostPipe } from '../protocol/host-pipe.ts';
import type { HostMessage, WorkerMessage } from '../protocol/messages.ts';
import { selfTest } from './self-test.ts';
import { Supervisor } from './supervisor.ts';

const pipe = new HostPipe<WorkerMessage>();
const reason = await selfTest();
if (reason === undefined) {
  const supervisor = new Supervisor((message) => pipe.send(message));
  pipe.listen((message) => supervisor.handle(message as HostMessage));
  const { node, v8 } = process.versions;
  pipe.send({ type: 'ready', versions: { node, v8, codeTag: String(cachedDataVersionTag()) } });
} else {
  pipe.send({ type: 'unusable', reason });
}
