import { setTimeout } from 'node:timers/promises';
import { CloisterError, type RunContext, type RunResult } from '@cloister/runtime';
import { tokenOf } from './counting-binding.ts';
import { goodScripts, type GoodInput, type GoodScript } from './good-scripts.ts';
import type { Random } from './random.ts';
import { checkPunctuality } from './punctuality.ts';
import type { Stage } from './stage.ts';
import type { Attempt } from './traces.ts';

/** One run of a good tenant, from what was drawn for it to its end. */
interface GoodRun {
  readonly id: string;
  readonly tenantId: string;
  readonly script: GoodScript;
  readonly input: GoodInput;
  readonly begunAt: number;
  readonly timeoutMs: number;
  readonly logged: string[];
  readonly abort: AbortController | undefined;
}

/** Far more than any of them needs, so that a run which reaches it was held up by something else. */
const timeoutMs = 60_000;

/**
 * Runs good scripts in the name of a tenant, one after the other, until the curtain falls.
 * @param lane - tells apart those who do so for one tenant at the same time.
 */
export async function playGoodTenant(
  stage: Stage,
  tenantId: string,
  lane: number,
  random: Random,
): Promise<void> {
  for (let number = 1; !stage.curtain.aborted; number++) {
    await runOnce(stage, tenantId, `${tenantId}.${lane}-${number}`, random);
    await setTimeout(random.chance(0.5) ? 0 : random.whole(0, 200));
  }
}

async function runOnce(stage: Stage, tenantId: string, id: string, random: Random): Promise<void> {
  const { runtime, ledger, traces } = stage;
  const script = random.weighted(goodScripts);
  const drawn = script.draw(random);
  const input = { ...drawn, run: id, token: tokenOf(tenantId), tenant: tenantId };
  const abort = random.chance(0.05) ? new AbortController() : undefined;
  const cancelAfter = abort === undefined ? 0 : random.whole(0, 500);
  const run: GoodRun = {
    id,
    tenantId,
    script,
    input,
    begunAt: performance.now(),
    timeoutMs,
    logged: [],
    abort,
  };
  const timer = abort && globalThis.setTimeout(() => abort.abort(), cancelAfter);
  ledger.submitted.good++;
  try {
    const result = await runtime.execute(script.source(id), input, contextOf(run));
    checkPunctuality(ledger, run, result.usage);
    completed(stage, run, result);
  } catch (error) {
    checkPunctuality(ledger, run, error);
    failed(stage, run, error);
  }
  clearTimeout(timer);
  traces.forget(id);
}

function contextOf({ id, tenantId, script, logged, abort }: GoodRun): RunContext {
  return {
    tenant: { id: tenantId },
    execution: { id },
    limits: { timeoutMs, cpuMs: timeoutMs },
    language: script.language ?? 'javascript',
    onLog: ({ message }) => void logged.push(message),
    ...(abort === undefined ? {} : { signal: abort.signal }),
  };
}

function completed(
  { ledger, bindings }: Stage,
  run: GoodRun,
  { output, logs, usage }: RunResult,
): void {
  const { script, input, id, tenantId } = run;
  ledger.ended('good', script.kind, 'completed');
  if (script.kind === 'tiny') ledger.minute.latencies.push(performance.now() - run.begunAt);
  const { attempts } = usage;
  if (attempts > 1) ledger.carriedOn.set(attempts, (ledger.carriedOn.get(attempts) ?? 0) + 1);
  const crossed = (what: unknown): void =>
    ledger.breach(
      "values of others that came to a tenant's run",
      `${id} (${script.kind}) got ${JSON.stringify(what)}`,
    );
  if (!script.isRight(output, input)) crossed(output);
  const lines = [...logs.map(({ message }) => message), ...run.logged];
  if (lines.length !== 2 || lines.some((line) => line !== tokenOf(tenantId))) crossed(lines);
  for (const event of script.eventsOf?.(id) ?? []) {
    if (bindings.hasSeen(event)) continue;
    ledger.breach("good runs lost to another's fault", `the event ${event} never came`);
  }
}

function failed({ ledger, traces, curtain }: Stage, run: GoodRun, error: unknown): void {
  const { id, script, abort } = run;
  const code = error instanceof CloisterError ? error.code : String(error);
  const attempts = traces.attemptsOf(id);
  if (code === 'cancelled' && abort?.signal.aborted === true) {
    ledger.ended('good', script.kind, 'cancelled by itself');
  } else if (code === 'pool_closed' && curtain.aborted) {
    ledger.ended('good', script.kind, 'ended by the shutdown');
  } else if (code === 'worker_crashed' && isLostToChaos(attempts)) {
    ledger.lost(run.tenantId, script.kind, `${id} (${script.kind}): ${describe(attempts)}`);
  } else if (attempts.length === 0 && traces.erasersKilledSince(run.begunAt) >= 2) {
    ledger.lost(run.tenantId, script.kind, `${id} (${script.kind}): two erasers were killed`);
  } else if (code === 'script_refused' && ledger.hasLost(run.tenantId, script.kind)) {
    // Its script has cost two workers, it seems, of which we killed one at least.
    ledger.lost(run.tenantId, script.kind, `${id} (${script.kind}): refused after such runs`);
  } else {
    ledger.ended('good', script.kind, code);
    const details = `${id} (${script.kind}): ${describe(attempts)}; ${String(error)}`;
    ledger.breach("good runs lost to another's fault", details);
  }
}

/**
 * A run may lose five workers, and may be in two that died while it was being executed. Where we killed
 * one of the five, or of the two, it would have lived without us; where we killed none, it was lost to others.
 */
function isLostToChaos(attempts: readonly Attempt[]): boolean {
  return attempts.length >= 2 && attempts.some(({ byChaos }) => byChaos);
}

function describe(attempts: readonly Attempt[]): string {
  const words = attempts.map(({ worker, lost, byChaos }) =>
    byChaos ? `${worker} killed by the chaos` : `${worker} ${lost ?? 'alive'}`,
  );
  return `in workers ${words.join(', ')}`;
}
