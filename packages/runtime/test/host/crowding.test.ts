import { describe, expect, test } from 'vitest';
import { Crowding } from '../../src/host/crowding.ts';

const room = 200;

/** A pool as far as it matters here: which tenants find their VM, of those that come one after the other. */
class Vms {
  readonly #crowding = new Crowding(room);
  /** By tenant, and whether it goes first; those that were used longest ago stand first. */
  readonly #held = new Map<string, boolean>();

  /** @returns whether the tenant found its VM. */
  run(tenant: string): boolean {
    const isFound = this.#held.delete(tenant);
    if (isFound) {
      this.#crowding.found();
      this.#held.set(tenant, false);
      return true;
    }
    if (this.#held.size === room) {
      const passing = this.#held.entries().find(([, isPassing]) => isPassing);
      const [victim] = passing ?? this.#held.entries().next().value!;
      this.#held.delete(victim);
      this.#crowding.evicted(victim);
    }
    this.#held.set(tenant, this.#crowding.isPassing(tenant));
    return false;
  }

  /** The share of those that found theirs. */
  share(tenants: readonly number[]): number {
    return tenants.filter((tenant) => this.run(`t${tenant}`)).length / tenants.length;
  }
}

const inTurn = (count: number, rounds: number, from = 0): number[] =>
  Array.from({ length: count * rounds }, (_, i) => from + (i % count));

describe('tenants that find their VM', () => {
  test.each([
    [500, 0.3],
    [300, 0.5],
    [210, 0.7],
  ])('are many, though %i take turns in 200', (count, share) => {
    const vms = new Vms();
    vms.share(inTurn(count, 2));
    expect(vms.share(inTurn(count, 10))).toBeGreaterThan(share);
  });

  test('are all of them where there is room for all, also after a crowd', () => {
    const vms = new Vms();
    vms.share(inTurn(500, 6));
    vms.share(inTurn(150, 40, 1000));
    expect(vms.share(inTurn(150, 10, 1000))).toBe(1);
  });

  test('are those that were there last, where tenants come back soon or never', () => {
    const vms = new Vms();
    // Each comes five times, among nineteen others.
    const visits = Array.from({ length: 5000 }, (_, i) => Math.floor(i / 100) * 20 + (i % 20));
    expect(vms.share(visits)).toBeGreaterThan(0.79);
  });
});
