import { limits, load, type HeldVm, type Peer } from './peer.ts';

/** What is used of the package. */
interface Package {
  loadQuickJs(variant: unknown): Promise<{
    runSandboxed<Result>(
      task: (sandbox: { evalCode(source: string): Promise<Evaluation> }) => Promise<Result>,
      options: {
        executionTimeout: number;
        memoryLimit: number;
        env: Record<string, unknown>;
      },
    ): Promise<Result>;
  }>;
}
type Evaluation =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly error: { readonly message: string } };

export const sebastianwesselQuickjs: Peer = {
  name: '@sebastianwessel/quickjs',
  guarantees: {
    ownProcess: 'no',
    memoryLimit: 'yes',
    cpuLimit: 'yes',
    asyncTimeout: 'yes',
    stateReset: 'yes',
  },
  note: 'an interpreter in WebAssembly, in the thread of the host, which it blocks; its jobs run by a timer',
  atOnce: 16,
  async open(needs = {}) {
    const { loadQuickJs } = await load<Package>('@sebastianwessel/quickjs');
    const variant = await load<{ default: unknown }>('@jitl/quickjs-ng-wasmfile-release-sync');
    const { runSandboxed } = await loadQuickJs(variant.default);
    const options = (env: Record<string, unknown>) => ({
      executionTimeout: limits.timeoutMs,
      memoryLimit: limits.memoryMb * 1024 * 1024,
      env,
    });
    return {
      async run(source, input) {
        const add = (a: number, b: number) => Promise.resolve(a + b);
        const env = { input: JSON.stringify(input), ...(needs.hostCalls ? { add } : {}) };
        const result = await runSandboxed(
          ({ evalCode }) =>
            evalCode(`const { add } = env;
              const value = await (async (ctx) => { ${source} })({ input: JSON.parse(env.input) });
              export default JSON.stringify(value);`),
          options(env),
        );
        if (!result.ok) throw new Error(result.error.message);
        return { output: JSON.parse(result.data as string) as unknown };
      },
      async makeVm(): Promise<HeldVm> {
        const { promise: made, resolve: isMade } = Promise.withResolvers<void>();
        const { promise: over, resolve: end } = Promise.withResolvers<void>();
        const sandbox = runSandboxed(async () => {
          isMade();
          await over;
        }, options({}));
        await Promise.race([made, sandbox]);
        return {
          async close() {
            end();
            await sandbox;
          },
        };
      },
      close: () => Promise.resolve(),
    };
  },
};
