import { limits, load, type HeldVm, type Peer } from './peer.ts';

/** What is used of the package. */
interface Package {
  createNodeDriver(): unknown;
  readonly NodeExecutionDriver: new (options: object) => unknown;
  readonly NodeRuntime: new (options: {
    systemDriver: unknown;
    runtimeDriverFactory: { createRuntimeDriver(options: object): unknown };
    memoryLimit: number;
    cpuTimeLimitMs: number;
    timingMitigation: 'freeze' | 'off';
  }) => {
    run(
      source: string,
      path: string,
    ): Promise<{ code: number; errorMessage?: string; exports?: { default?: unknown } }>;
    terminate(): Promise<void>;
  };
}

export const secureExec: Peer = {
  name: 'secure-exec 0.2.1',
  guarantees: {
    // One for all runs.
    ownProcess: 'partly',
    // Seen: a script that exceeds it ends that process, with all runs in it.
    memoryLimit: 'partly',
    // Both by the clock.
    cpuLimit: 'yes',
    asyncTimeout: 'yes',
    stateReset: 'yes',
  },
  note: 'one runtime, used again, as it advises; all runs share one process, which a breach of the memory limit ends, and as many run at a time as there are cores; a VM is there when its script has called the host',
  atOnce: 16,
  async open(needs = {}) {
    const { createNodeDriver, NodeExecutionDriver, NodeRuntime } =
      await load<Package>('secure-exec');
    // It has as many sessions at a time as there are cores, otherwise.
    if (needs.manyVms) process.env['SECURE_EXEC_V8_MAX_SESSIONS'] = '64';
    const began: (() => void)[] = [];
    const held = new Set<() => void>();
    const bindings = {
      add: (a: number, b: number) => Promise.resolve(a + b),
      hold: () => {
        began.shift()?.();
        return new Promise<void>((resolve) => void held.add(resolve));
      },
    };
    const runtime = new NodeRuntime({
      systemDriver: createNodeDriver(),
      // The runtime has no option for bindings in this version; the driver has.
      runtimeDriverFactory: {
        createRuntimeDriver: (options) => new NodeExecutionDriver({ ...options, bindings }),
      },
      memoryLimit: limits.memoryMb,
      cpuTimeLimitMs: limits.timeoutMs,
      timingMitigation: needs.clock ? 'off' : 'freeze',
    });
    return {
      async run(source, input) {
        const { errorMessage, exports } = await runtime.run(
          `const { add } = SecureExec.bindings;
          const value = await (async (ctx) => { ${source} })({ input: JSON.parse(${JSON.stringify(JSON.stringify(input))}) });
          export default JSON.stringify(value);`,
          '/entry.mjs',
        );
        if (typeof exports?.default !== 'string') throw new Error(errorMessage ?? 'no result');
        return { output: JSON.parse(exports.default) as unknown };
      },
      async makeVm(): Promise<HeldVm> {
        const { promise, resolve } = Promise.withResolvers<void>();
        began.push(resolve);
        const run = runtime.run(
          'await SecureExec.bindings.hold(); export default 1;',
          '/entry.mjs',
        );
        await Promise.race([promise, run]);
        return {
          async close() {
            for (const letGo of held) letGo();
            held.clear();
            await run;
          },
        };
      },
      close: () => runtime.terminate(),
    };
  },
};
