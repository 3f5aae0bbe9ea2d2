import { setTimeout } from 'node:timers/promises';
import { createRuntime, defineBinding, type Runtime } from '@cloister/runtime';
import { z } from 'zod';
import type { HeldVm, Needs, OpenPeer, Outcome, Peer } from './peer.ts';

type Realm = 'hardened' | 'fresh';

const host = defineBinding('host', {
  add: { params: z.tuple([z.number(), z.number()]), handler: (_call, a, b) => a + b },
});

const guarantees = {
  ownProcess: 'yes',
  memoryLimit: 'yes',
  cpuLimit: 'yes',
  asyncTimeout: 'yes',
  stateReset: 'yes',
} as const;

export const cloisterHardened: Peer = {
  name: 'cloister, hardened realm',
  guarantees,
  open: (needs) => OpenCloister.open('hardened', needs),
};

export const cloisterFresh: Peer = {
  name: 'cloister, fresh realm',
  guarantees,
  open: (needs) => OpenCloister.open('fresh', needs),
};

class OpenCloister implements OpenPeer {
  readonly #runtime: Runtime;
  readonly #realm: Realm;
  readonly #prologue: string;
  /** Has no warm VMs, so that each run for a new tenant makes one; the script then waits to be let go. */
  #cold: { readonly runtime: Runtime; readonly begun: (() => void)[]; vms: number } | undefined;

  private constructor(runtime: Runtime, realm: Realm, prologue: string) {
    this.#runtime = runtime;
    this.#realm = realm;
    this.#prologue = prologue;
  }

  static async open(realm: Realm, needs: Needs = {}): Promise<OpenCloister> {
    const runtime = needs.hostCalls
      ? await createRuntime({ bindings: [host], limits: { apiCalls: 1_000_000 } })
      : await createRuntime();
    return new OpenCloister(runtime, realm, needs.hostCalls ? 'const { add } = sdk.host; ' : '');
  }

  async run(source: string, input: unknown, tenant: string): Promise<Outcome> {
    const { output, usage } = await this.#runtime.execute(this.#prologue + source, input, {
      tenant: { id: tenant },
      realm: this.#realm,
    });
    return { output, insideMs: usage.wallMs };
  }

  async makeVm(): Promise<HeldVm> {
    const cold = (this.#cold ??= await this.#openCold());
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    cold.begun.push(resolve);
    const abort = new AbortController();
    const run = cold.runtime
      .execute('await sdk.hold.until();', undefined, {
        tenant: { id: `vm ${cold.vms++}` },
        realm: this.#realm,
        signal: abort.signal,
      })
      .catch(() => undefined);
    await begun;
    return {
      async close() {
        abort.abort();
        await run;
      },
    };
  }

  async #openCold() {
    const begun: (() => void)[] = [];
    const hold = defineBinding('hold', {
      until: {
        params: z.tuple([]),
        handler: ({ signal }) => {
          begun.shift()?.();
          return new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error('let go')));
          });
        },
      },
    });
    return { runtime: await createRuntime({ poolSize: 0, bindings: [hold] }), begun, vms: 0 };
  }

  async keepVms(count: number): Promise<HeldVm> {
    const runtime = await createRuntime({ workers: 1, poolSize: count, maxVms: count });
    // A VM is made small when nothing has used it for a second, one after the other.
    await setTimeout(2000 + 20 * count);
    return { close: () => runtime.shutdown({ graceMs: 0 }) };
  }

  async close(): Promise<void> {
    await this.#runtime.shutdown({ graceMs: 0 });
    await this.#cold?.runtime.shutdown({ graceMs: 0 });
  }
}
