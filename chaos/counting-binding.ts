import { setTimeout } from 'node:timers/promises';
import { defineBinding, type Binding } from '@cloister/runtime';
import { cache, events, memoryBus } from '@cloister/runtime/bindings';
import { z } from 'zod';
import type { Ledger } from './ledger.ts';

/** What a good script says with each call; `id` is made of the run and of the call's place in it. */
const callSchema = z.object({ id: z.string(), token: z.string(), ms: z.number() });
const payloadSchema = z.object({ id: z.string(), token: z.string() });

/** The word that only a tenant's own runs may see. */
export function tokenOf(tenantId: string): string {
  return `token-of-${tenantId}`;
}

/** The bindings of a chaos run, which count: no call may come twice, none in another tenant's name. */
export class CountingBindings {
  readonly all: readonly Binding[];
  readonly #ledger: Ledger;
  readonly #seen = new Set<string>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    const bus = memoryBus();
    bus.subscribe('chaos', ({ tenantId, payload }) => {
      const { id, token } = payloadSchema.parse(payload);
      ledger.events++;
      this.#note(tenantId, token, id);
    });
    const counter = defineBinding('counter', {
      call: {
        params: z.tuple([callSchema]),
        handler: async ({ tenant }, { id, token, ms }) => {
          this.#note(tenant.id, token, id);
          if (ms > 0) await setTimeout(ms);
          return `${token} ${id}`;
        },
      },
      /** For floods; not counted one by one. */
      ping: { params: z.array(z.unknown()), maxConcurrent: 64, handler: () => 'pong' },
    });
    this.all = [counter, cache(), events({ bus })];
  }

  /** Whether a call or an event has reached the host. */
  hasSeen(id: string): boolean {
    return this.#seen.has(id);
  }

  #note(tenantId: string, token: string, id: string): void {
    this.#ledger.calls++;
    if (this.#seen.has(id)) this.#ledger.breach('host calls made twice', id);
    this.#seen.add(id);
    if (token !== tokenOf(tenantId)) {
      const details = `a call of ${tenantId} carried ${token}`;
      this.#ledger.breach("values of others that came to a tenant's run", details);
    }
  }
}
