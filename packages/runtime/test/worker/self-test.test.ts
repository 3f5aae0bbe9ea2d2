import { expect, onTestFinished, test, vi } from 'vitest';
import { JsonText } from '../../src/protocol/frames.ts';
import type { RunMessage, WorkerMessage } from '../../src/protocol/messages.ts';
import { scriptPrefix, scriptSuffix } from '../../src/protocol/script-wrapper.ts';
import { selfTest } from '../../src/worker/self-test.ts';
import { Supervisor } from '../../src/worker/supervisor.ts';

const memoryMb = 128;

/** A worker that has tested itself, and what it says. */
async function tested(): Promise<{ worker: Supervisor; said: WorkerMessage[] }> {
  const said: WorkerMessage[] = [];
  const note = (message: WorkerMessage | JsonText): void => {
    if (!(message instanceof JsonText)) said.push(message);
  };
  const worker = new Supervisor('[]', note, note);
  expect(await selfTest('[]', worker)).toBeUndefined();
  onTestFinished(() => {
    worker.withdraw();
    for (const message of said) {
      if (message.type === 'vm-ready') worker.handle({ type: 'destroy-vm', vm: message.vm });
    }
  });
  return { worker, said };
}

const run: RunMessage = {
  type: 'run',
  run: 1,
  vm: 7,
  source: 0,
  purpose: 'execute',
  realm: 'hardened',
  context: '{}',
  input: '{}',
  limits: {
    timeoutMs: 10_000,
    cpuMs: 10_000,
    memoryMb,
    apiCalls: 0,
    outputBytes: 1000,
    logEntries: 0,
    logBytes: 0,
  },
  pace: 'open',
  codeWanted: false,
  seed: [1, 2],
  startedAt: 0,
};

test('the VM of the self-test is the first one, and knows none of its scripts', async () => {
  const { worker, said } = await tested();
  worker.handle({ type: 'create-vm', vm: 7, memoryMb });
  // To make one takes longer.
  expect(said).toEqual([{ type: 'vm-ready', vm: 7 }]);
  for (const source of [0, 1]) {
    const text = `${scriptPrefix}return { of: ${source} }${scriptSuffix}`;
    worker.handle({ type: 'add-source', source, text });
    worker.handle({ ...run, run: 1 + source, source });
    await vi.waitUntil(() => said.some((one) => one.type === 'settled' && one.run === 1 + source));
  }
  const settled = said.filter((one) => one.type === 'settled');
  expect(settled.map(({ outcome, compiled }) => ({ outcome, compiled }))).toEqual(
    [0, 1].map((of) => ({
      outcome: { status: 'completed', output: JSON.stringify({ of }) },
      compiled: 'source',
    })),
  );
});

test('it is given once', async () => {
  const { worker, said } = await tested();
  worker.handle({ type: 'create-vm', vm: 7, memoryMb });
  worker.handle({ type: 'create-vm', vm: 8, memoryMb });
  expect(said).toEqual([{ type: 'vm-ready', vm: 7 }]);
  await vi.waitUntil(() => said.length === 2);
  expect(said[1]).toEqual({ type: 'vm-ready', vm: 8 });
});

test('nobody gets it who wants another memory, or comes late', async () => {
  const { worker, said } = await tested();
  worker.handle({ type: 'create-vm', vm: 7, memoryMb: 64 });
  expect(said).toEqual([]);
  await vi.waitUntil(() => said.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  worker.handle({ type: 'create-vm', vm: 8, memoryMb });
  expect(said).toHaveLength(1);
  await vi.waitUntil(() => said.length === 2);
});
