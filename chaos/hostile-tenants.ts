import { setTimeout } from 'node:timers/promises';
import { CloisterError } from '@cloister/runtime';
import { attacks, type Attack } from './attacks.ts';
import { checkPunctuality } from './punctuality.ts';
import type { Random } from './random.ts';
import type { Stage } from './stage.ts';

/** Attacks in the name of a tenant, one after the other, until the curtain falls. */
export async function playHostileTenant(
  stage: Stage,
  tenantId: string,
  lane: number,
  random: Random,
): Promise<void> {
  for (let number = 1; !stage.curtain.aborted; number++) {
    const kind = random.weighted(attacks);
    const attack = kind.draw(random);
    const { copies = 1 } = attack;
    await Promise.all(
      Array.from({ length: copies }, (_, copy) =>
        strike(stage, tenantId, {
          ...attack,
          name: kind.name,
          id: `${tenantId}.${lane}-${number}.${copy}`,
        }),
      ),
    );
    await setTimeout(random.whole(0, 300));
  }
}

async function strike(
  { runtime, ledger, traces }: Stage,
  tenantId: string,
  attack: Attack & { readonly name: string; readonly id: string },
): Promise<void> {
  const { id, name, source, limits, cancelAfterMs } = attack;
  const { timeoutMs = 0 } = limits;
  const run = { id, begunAt: performance.now(), timeoutMs };
  const signal = cancelAfterMs === undefined ? {} : { signal: AbortSignal.timeout(cancelAfterMs) };
  ledger.submitted.hostile++;
  const context = { tenant: { id: tenantId }, execution: { id }, limits, ...signal };
  let code = 'completed';
  let seen: unknown;
  try {
    const { output, logs, usage } = await runtime.execute(source, {}, context);
    seen = [output, logs];
    checkPunctuality(ledger, run, usage);
  } catch (error) {
    code = error instanceof CloisterError ? error.code : String(error);
    seen = error instanceof CloisterError ? [error.message, error.stack, error.logs] : [];
    checkPunctuality(ledger, run, error);
    if (code === 'internal_error' || !(error instanceof CloisterError)) {
      ledger.breach('failures of the engine itself', `${id} (${name}): ${String(error)}`);
    }
  }
  ledger.ended('hostile', name, code);
  traces.forget(id);
  const crossed = /token-of-[\w.-]+/.exec(JSON.stringify(seen) ?? '')?.[0];
  if (crossed !== undefined) {
    ledger.breach("values of others that came to a tenant's run", `${id} (${name}) got ${crossed}`);
  }
}
