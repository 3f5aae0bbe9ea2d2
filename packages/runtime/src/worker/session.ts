import { cachedDataVersionTag } from 'node:v8';
import type { JsonText } from '../protocol/frames.ts';
import { HostPipe } from '../protocol/host-pipe.ts';
import type { HostMessage, WorkerMessage } from '../protocol/messages.ts';
import { selfTest } from './self-test.ts';
import { Supervisor } from './supervisor.ts';

/** What the worker is once it is loaded; begun by {@link file://./main.ts}. */
const pipe = new HostPipe<WorkerMessage | JsonText>();
let supervisor: Supervisor | undefined;
pipe.listen((given) => {
  const message = given as HostMessage;
  if (message.type === 'bindings') void begin(JSON.stringify(message.bindings));
  else if (supervisor === undefined) throw new TypeError('a message before the worker was ready');
  else {
    supervisor.handle(message);
    // The host goes on with these while others are executed.
    if (message.type === 'lane' && message.runs.length > 1) pipe.flush();
  }
});

/** The bindings come first, since every realm is made with them. */
async function begin(bindings: string): Promise<void> {
  const made = new Supervisor(
    bindings,
    (message) => pipe.send(message),
    (message) => pipe.sendLast(message),
  );
  const reason = await selfTest(bindings, made);
  if (reason !== undefined) return pipe.send({ type: 'unusable', reason });
  supervisor = made;
  const { node, v8 } = process.versions;
  pipe.send({ type: 'ready', versions: { node, v8, codeTag: String(cachedDataVersionTag()) } });
  pipe.flush();
  // The host is about to ask for a first VM.
  pipe.makeRoom();
}
