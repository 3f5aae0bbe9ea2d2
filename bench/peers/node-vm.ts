import { createContext, Script } from 'node:vm';
import { limits, type Peer } from './peer.ts';

/** What `node:vm` costs, which is no security mechanism, as its documentation says. */
export const nodeVm: Peer = {
  name: 'node:vm',
  guarantees: {
    ownProcess: 'no',
    memoryLimit: 'no',
    // Its timeout covers the first synchronous turn.
    cpuLimit: 'partly',
    asyncTimeout: 'no',
    stateReset: 'yes',
  },
  note: 'no sandbox: the floor; scripts are synchronous functions, but for host calls',
  atOnce: 1,
  open: (needs = {}) =>
    Promise.resolve({
      async run(source, input) {
        const add = needs.hostCalls ? (a: number, b: number) => Promise.resolve(a + b) : undefined;
        const context = createContext({ input: JSON.stringify(input), add });
        const script = new Script(
          `(${needs.hostCalls ? 'async ' : ''}function (ctx) { 'use strict'; ${source} })({ input: JSON.parse(input) })`,
        );
        const output: unknown = await script.runInContext(context, { timeout: limits.timeoutMs });
        return { output: JSON.parse(JSON.stringify(output)) as unknown };
      },
      makeVm() {
        const context = createContext({});
        // A reference until then.
        return Promise.resolve({ close: () => Promise.resolve(void context) });
      },
      close: () => Promise.resolve(),
    }),
};
