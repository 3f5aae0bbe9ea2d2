import ivm from 'isolated-vm';
import { runInFreshContext, runInFreshIsolate, type JsonFunction } from '../bare-isolate.ts';
import { limits, type Needs, type OpenPeer, type Peer } from './peer.ts';

const memoryLimit = limits.memoryMb;
/** As many as Cloister has VMs by default. */
const maxIsolates = 200;

const guarantees = {
  ownProcess: 'no',
  // The documentation calls it a guideline; single large allocations exceed it.
  memoryLimit: 'partly',
  // Its timeout covers the first synchronous turn.
  cpuLimit: 'partly',
  asyncTimeout: 'no',
  stateReset: 'yes',
} as const;

export const freshIsolate: Peer = {
  name: 'isolated-vm, fresh isolate',
  guarantees,
  note: 'the baseline; the CPU limit ends at the first await',
  atOnce: 16,
  open(needs) {
    const add = addOf(needs);
    return Promise.resolve<OpenPeer>({
      async run(source, input) {
        return parsed(await runInFreshIsolate(source, JSON.stringify(input), add));
      },
      async makeVm() {
        const isolate = new ivm.Isolate({ memoryLimit });
        await isolate.createContext();
        return {
          close() {
            isolate.dispose();
            return Promise.resolve();
          },
        };
      },
      close: () => Promise.resolve(),
    });
  },
};

export const freshContext: Peer = {
  name: 'isolated-vm, fresh context',
  guarantees: { ...guarantees, stateReset: 'partly' },
  note: `one isolate a tenant, ${maxIsolates} at most, so the memory limit is that of a tenant, whose runs share a heap; VMs and memory are those of a context`,
  atOnce: 16,
  open(needs) {
    const add = addOf(needs);
    const isolates = new IsolatesByTenant();
    return Promise.resolve<OpenPeer>({
      run: (source, input, tenant) =>
        isolates.use(tenant, async (isolate) =>
          parsed(await runInFreshContext(isolate, source, JSON.stringify(input), add)),
        ),
      async makeVm() {
        const context = await isolates.use('one', (isolate) => isolate.createContext());
        return {
          close() {
            context.release();
            return Promise.resolve();
          },
        };
      },
      close() {
        isolates.close();
        return Promise.resolve();
      },
    });
  },
};

/** Isolates of tenants. The one that was used longest ago goes when there are too many. */
class IsolatesByTenant {
  readonly #entries = new Map<string, { readonly isolate: ivm.Isolate; users: number }>();

  async use<Result>(
    tenant: string,
    task: (isolate: ivm.Isolate) => Promise<Result>,
  ): Promise<Result> {
    const entry = this.#entries.get(tenant) ?? {
      isolate: new ivm.Isolate({ memoryLimit }),
      users: 0,
    };
    // What was used last is last in a map whose keys are set anew.
    this.#entries.delete(tenant);
    this.#entries.set(tenant, entry);
    entry.users++;
    this.#evict();
    try {
      return await task(entry.isolate);
    } finally {
      entry.users--;
    }
  }

  #evict(): void {
    for (const [tenant, { isolate, users }] of this.#entries) {
      if (this.#entries.size <= maxIsolates) return;
      if (users > 0) continue;
      this.#entries.delete(tenant);
      isolate.dispose();
    }
  }

  close(): void {
    for (const { isolate } of this.#entries.values()) isolate.dispose();
    this.#entries.clear();
  }
}

function addOf(needs: Needs = {}): JsonFunction | undefined {
  if (!needs.hostCalls) return undefined;
  return new ivm.Reference((args: string): Promise<string> => {
    const [a, b] = JSON.parse(args) as [number, number];
    return Promise.resolve(JSON.stringify(a + b));
  });
}

function parsed(json: unknown): { output: unknown } {
  return { output: JSON.parse(json as string) as unknown };
}
