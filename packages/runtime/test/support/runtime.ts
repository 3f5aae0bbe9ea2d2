import { afterAll, beforeAll, expect } from 'vitest';
import {
  CloisterError,
  createRuntime,
  type RealmKind,
  type RunContext,
  type Runtime,
  type RuntimeOptions,
} from '../../src/index.ts';

/** Every kind of realm; what is promised of scripts holds in each. */
export const realms: readonly RealmKind[] = ['hardened', 'fresh'];

/**
 * One runtime for the tests of a file or a `describe`. After them it must be as healthy as at its start: an ordinary
 * run succeeds and no VM is busy.
 * @returns a getter, since the runtime exists only once the tests have begun.
 */
export function useRuntime(options: RuntimeOptions = {}): () => Runtime {
  let runtime: Runtime | undefined;
  beforeAll(async () => {
    runtime = await createRuntime({ workers: 1, poolSize: 2, ...options });
  });
  afterAll(async () => {
    if (runtime === undefined) return;
    try {
      await expectHealthy(runtime);
    } finally {
      await runtime.shutdown({ graceMs: 0 });
    }
  });
  return () => runtime!;
}

/** An ordinary run of a tenant that nobody else is succeeds, and nothing is left over. */
export async function expectHealthy(runtime: Runtime): Promise<void> {
  const context: RunContext = { tenant: { id: 'health-check' } };
  const { output, logs } = await runtime.execute(
    'console.log("well"); return { sum: ctx.input.a + ctx.input.b }',
    { a: 1, b: 2 },
    context,
  );
  expect(output).toEqual({ sum: 3 });
  expect(logs.map((entry) => entry.message)).toEqual(['well']);
  expect(runtime.stats()).toMatchObject({
    state: 'running',
    pool: { busy: 0 },
    queue: { queued: 0, running: 0 },
  });
}

/** The error that a run ends in. */
export async function failure(promise: Promise<unknown>): Promise<CloisterError> {
  const error: unknown = await promise.then(
    (value) => {
      throw new Error(`succeeded with ${JSON.stringify(value)?.slice(0, 500)}`);
    },
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CloisterError);
  return error as CloisterError;
}

/** How a run ended: `completed`, or the code of its error. */
export async function endOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'completed';
  } catch (error) {
    expect(error).toBeInstanceOf(CloisterError);
    return (error as CloisterError).code;
  }
}
