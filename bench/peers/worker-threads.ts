import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { limits, type HeldVm, type Needs, type OpenPeer, type Outcome, type Peer } from './peer.ts';

interface Message {
  readonly output?: string;
  readonly call?: readonly [id: number, a: number, b: number];
}

/** Runs one script, or waits when there is none. */
const program = `
  const { parentPort, workerData } = require('node:worker_threads');
  const waiting = new Map();
  let calls = 0;
  const add = (a, b) => new Promise((resolve) => {
    waiting.set(++calls, resolve);
    parentPort.postMessage({ call: [calls, a, b] });
  });
  parentPort.on('message', ([id, sum]) => { waiting.get(id)(sum); waiting.delete(id); });
  if (workerData !== null) {
    const AsyncFunction = (async () => {}).constructor;
    new AsyncFunction('ctx', 'add', '"use strict";' + workerData.source)(
      { input: JSON.parse(workerData.input) },
      workerData.hostCalls ? add : undefined,
    ).then((value) => parentPort.postMessage({ output: JSON.stringify(value) }));
  }`;

export const workerThreads: Peer = {
  name: 'worker_threads, one a run',
  guarantees: {
    ownProcess: 'no',
    // The heap, not what lies outside it.
    memoryLimit: 'partly',
    cpuLimit: 'yes',
    asyncTimeout: 'yes',
    stateReset: 'yes',
  },
  note: 'no sandbox: scripts have what Node has; the host ends a thread by a timer of its own',
  atOnce: 16,
  open: (needs) => Promise.resolve(new Threads(needs)),
};

class Threads implements OpenPeer {
  readonly #needs: Needs;

  constructor(needs: Needs = {}) {
    this.#needs = needs;
  }

  async run(source: string, input: unknown): Promise<Outcome> {
    const { hostCalls = false } = this.#needs;
    const worker = start({ source, input: JSON.stringify(input), hostCalls });
    const timer = setTimeout(() => void worker.terminate(), limits.timeoutMs);
    try {
      return { output: JSON.parse(await outputOf(worker)) as unknown };
    } finally {
      clearTimeout(timer);
      await worker.terminate();
    }
  }

  async makeVm(): Promise<HeldVm> {
    const worker = start(null);
    await once(worker, 'online');
    return { close: async () => void (await worker.terminate()) };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function start(workerData: unknown): Worker {
  return new Worker(program, {
    eval: true,
    env: {},
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: limits.memoryMb },
  });
}

function outputOf(worker: Worker): Promise<string> {
  return new Promise((resolve, reject) => {
    worker.on('message', ({ output, call }: Message) => {
      if (output !== undefined) resolve(output);
      if (call === undefined) return;
      const [id, a, b] = call;
      worker.postMessage([id, a + b]);
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the thread ended with ${code}`)));
  });
}
