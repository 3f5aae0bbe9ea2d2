import { limits, load, type Peer } from './peer.ts';

/** What is used of the package. */
interface Vm2 {
  readonly VM: new (options: {
    timeout: number;
    allowAsync: boolean;
    eval: boolean;
    wasm: boolean;
    sandbox: Record<string, unknown>;
  }) => { run(source: string): unknown };
}

export const vm2: Peer = {
  name: 'vm2',
  guarantees: {
    ownProcess: 'no',
    memoryLimit: 'no',
    // Its timeout covers what is synchronous; without `allowAsync: false` nothing ends the rest.
    cpuLimit: 'partly',
    asyncTimeout: 'no',
    stateReset: 'yes',
  },
  note: 'for reference: escapes were published again and again (CVE-2023-37466, thirteen advisories in May 2026, CVE-2026-47140), and its README expects more; scripts are synchronous functions, as it advises, but for host calls',
  atOnce: 1,
  async open(needs = {}) {
    const { VM } = await load<Vm2>('vm2');
    const make = (sandbox: Record<string, unknown>) =>
      new VM({
        timeout: limits.timeoutMs,
        allowAsync: needs.hostCalls === true,
        eval: false,
        wasm: false,
        sandbox,
      });
    return {
      async run(source, input) {
        const add = (a: number, b: number) => Promise.resolve(a + b);
        const vm = make({
          input: JSON.stringify(input),
          ...(needs.hostCalls ? { add } : {}),
        });
        const json = needs.hostCalls
          ? `(async function (ctx) { 'use strict'; ${source} })({ input: JSON.parse(input) }).then((value) => JSON.stringify(value))`
          : `JSON.stringify((function (ctx) { 'use strict'; ${source} })({ input: JSON.parse(input) }))`;
        return { output: JSON.parse((await vm.run(json)) as string) as unknown };
      },
      makeVm() {
        const vm = make({});
        // A reference until then.
        return Promise.resolve({ close: () => Promise.resolve(void vm) });
      },
      close: () => Promise.resolve(),
    };
  },
};
