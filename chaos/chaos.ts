import { setTimeout } from 'node:timers/promises';
import { createRuntime, type Runtime } from '@cloister/runtime';
import { CountingBindings } from './counting-binding.ts';
import { readGauges } from './gauges.ts';
import { playGoodTenant } from './good-tenants.ts';
import { playHostileTenant } from './hostile-tenants.ts';
import { holdings, leftovers } from './leftovers.ts';
import type { Ledger } from './ledger.ts';
import { graceMs } from './punctuality.ts';
import { Random } from './random.ts';
import type { Stage } from './stage.ts';
import { Traces } from './traces.ts';
import { playVandal } from './vandal.ts';

const goodTenants = 5;
const hostileTenants = 3;
/** How many scripts a tenant of either kind has under way at a time. */
const lanes = 2;
/** Long: how long runs wait is printed, and depends on who else is on the machine. */
const acquireTimeoutMs = 60_000;
const shutdownMs = 5000;
/** After the shutdown every run has to settle by itself. */
const settleMs = 5000;

/**
 * Lets good and hostile tenants run scripts while their workers are killed, stopped and starved, until
 * `end` is aborted; then shuts the runtime down with runs under way and looks at what is left.
 * @param ledger - gets everything that happened.
 * @returns how workers ended, by reason.
 */
export async function playChaos(
  seed: number,
  ledger: Ledger,
  end: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  // What the first runtime of a process opens for good is no leak.
  await (await createRuntime({ workers: 1, poolSize: 1 })).shutdown();
  const before = holdings();
  const bindings = new CountingBindings(ledger);
  using traces = new Traces();
  const runtime = await createRuntime({
    workers: 2,
    poolSize: 4,
    maxVms: 32,
    maxWorkerMb: 1024,
    queueLimit: 2000,
    refuseMs: 5000,
    idleMs: 10_000,
    acquireTimeoutMs,
    graceMs,
    limits: { timeoutMs: 60_000, cpuMs: 60_000, apiCalls: 5000 },
    bindings: bindings.all,
  });
  const stopGauges = readGauges(ledger);
  const curtain = new AbortController();
  const stage = { runtime, ledger, traces, bindings, curtain: curtain.signal };
  const actors = cast(stage, new Random(seed));
  await aborted(end);
  curtain.abort();
  await shutDown(runtime, ledger);
  stopGauges();
  await Promise.race([Promise.all(actors), setTimeout(settleMs)]);
  const { good, hostile } = ledger.submitted;
  const unsettled = good + hostile - ledger.settled.good - ledger.settled.hostile;
  if (unsettled > 0) ledger.breach('runs that did not settle', `${unsettled} of them`);
  for (const left of await leftovers(runtime, before)) {
    ledger.breach('left over after the shutdown', left);
  }
  return traces.losses;
}

/** Every actor draws from a stream of its own. */
function cast(stage: Stage, random: Random): Promise<void>[] {
  const actors = [playVandal(stage, random.fork('vandal'))];
  for (let lane = 1; lane <= lanes; lane++) {
    for (let i = 1; i <= goodTenants; i++) {
      actors.push(playGoodTenant(stage, `good${i}`, lane, random.fork(`good${i}.${lane}`)));
    }
    for (let i = 1; i <= hostileTenants; i++) {
      actors.push(playHostileTenant(stage, `evil${i}`, lane, random.fork(`evil${i}.${lane}`)));
    }
  }
  return actors;
}

async function shutDown(runtime: Runtime, ledger: Ledger): Promise<void> {
  const begun = performance.now();
  await runtime.shutdown({ graceMs: shutdownMs });
  const ms = performance.now() - begun;
  if (ms <= shutdownMs + settleMs) return;
  ledger.breach('failures of the engine itself', `the shutdown took ${ms.toFixed(0)} ms`);
}

async function aborted(signal: AbortSignal): Promise<void> {
  // What is waited for keeps no process alive by itself.
  const keepAlive = setInterval(() => {}, 1 << 30);
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }
  clearInterval(keepAlive);
}
