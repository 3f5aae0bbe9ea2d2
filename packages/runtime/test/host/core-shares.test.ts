import { beforeEach, describe, expect, test, vi } from 'vitest';
import { CoreShares, type CoreUse } from '../../src/host/core-shares.ts';
import { RecentTenants } from '../../src/host/recent-tenants.ts';

const cores = 4;
const places = 2 * cores;
const quickMs = 0.1;
const slowMs = 500;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(60_000);
  return () => vi.useRealTimers();
});

/** Starts runs as the scheduler does: each at once, unless it is held. */
function startSome(
  shares: CoreShares,
  recent: RecentTenants,
  count: number,
  tenantId: string,
  expectedMs?: number,
): CoreUse[] {
  const started: CoreUse[] = [];
  const since = performance.now();
  for (let i = 0; i < count; i++) {
    if (shares.holdOf(tenantId, expectedMs, since) !== undefined) break;
    recent.note(tenantId);
    started.push(shares.enter(tenantId, expectedMs));
  }
  return started;
}

function inCompany(): [CoreShares, RecentTenants] {
  const recent = new RecentTenants();
  recent.note('good');
  recent.note('bad');
  return [new CoreShares(cores, recent), recent];
}

describe('a tenant', () => {
  test('has twice as many places as there are cores for runs that nothing is known of', () => {
    const [shares, recent] = inCompany();
    expect(startSome(shares, recent, 100, 'bad')).toHaveLength(places);
    expect(shares.holdOf('bad', undefined, 0)).toEqual({ cause: 'tenant_cap', forMs: undefined });
    expect(startSome(shares, recent, 1, 'good')).toHaveLength(1);
  });

  test('has many more for runs that are known to be short', () => {
    const [shares, recent] = inCompany();
    expect(startSome(shares, recent, 1000, 'bad', quickMs).length).toBeGreaterThan(100);
  });

  test('gets a place back when a run waits, and once only', () => {
    const [shares, recent] = inCompany();
    const [first] = startSome(shares, recent, 100, 'bad');
    shares.leave(first!);
    shares.leave(first!);
    expect(startSome(shares, recent, 100, 'bad')).toHaveLength(1);
  });

  test('has a place less for a run that computes after it has waited', () => {
    const [shares, recent] = inCompany();
    const uses = startSome(shares, recent, places, 'bad', quickMs);
    for (const use of uses) shares.leave(use);
    for (const use of uses) shares.computes(use);
    expect(shares.holdOf('bad', quickMs, 0)?.cause).toBe('tenant_cap');
    for (const use of uses) shares.leave(use);
    expect(shares.holdOf('bad', quickMs, 0)).toBeUndefined();
  });

  test('starts a long run though its short ones keep the places nearly full', () => {
    const [shares, recent] = inCompany();
    const quick = startSome(shares, recent, 10_000, 'bad', quickMs);
    shares.leave(quick[0]!);
    expect(shares.holdOf('bad', undefined, 0)).toBeUndefined();
  });
});

describe('of runs that are likely to compute for long', () => {
  test('a tenant that has company leaves a core to the others', () => {
    const [shares, recent] = inCompany();
    expect(startSome(shares, recent, 100, 'bad', slowMs)).toHaveLength(cores - 1);
    expect(shares.holdOf('bad', slowMs, performance.now())).toMatchObject({ cause: 'tenant_cap' });
    expect(shares.holdOf('bad', quickMs, performance.now())).toBeUndefined();
  });

  test('a tenant that is alone has all places', () => {
    const recent = new RecentTenants();
    const shares = new CoreShares(cores, recent);
    recent.note('bad');
    expect(startSome(shares, recent, 100, 'bad', slowMs)).toHaveLength(places);
  });

  test('those count that nothing is known of, once one of the tenant was long', () => {
    const [shares, recent] = inCompany();
    const [first] = startSome(shares, recent, 1, 'bad');
    shares.computes(first!);
    expect(startSome(shares, recent, 100, 'bad')).toHaveLength(cores - 2);
    expect(startSome(shares, recent, 100, 'good')).toHaveLength(places);
  });

  test('one more may start when it has waited for two seconds, and then another', () => {
    const [shares, recent] = inCompany();
    const since = performance.now();
    startSome(shares, recent, 100, 'bad', slowMs);
    const { forMs } = shares.holdOf('bad', slowMs, since)!;
    for (let more = 1; more <= 2; more++) {
      vi.advanceTimersByTime(forMs!);
      recent.note('good');
      recent.note('bad');
      expect(shares.holdOf('bad', slowMs, since)).toBeUndefined();
      shares.enter('bad', slowMs);
      expect(shares.holdOf('bad', slowMs, since)).toMatchObject({ forMs });
    }
  });

  test('all tenants together have twice as many as there are cores', () => {
    const [shares, recent] = inCompany();
    const ids = Array.from({ length: 50 }, (_, index) => `t${index}`);
    const started = ids.flatMap((id) => startSome(shares, recent, 1, id, slowMs));
    expect(started).toHaveLength(places);
    expect(shares.holdOf('late', slowMs, performance.now())).toMatchObject({ cause: 'pool_full' });
  });

  test('a tenant of which nothing is known goes past those of others', () => {
    const [shares, recent] = inCompany();
    for (let i = 0; i < 50; i++) startSome(shares, recent, 1, `t${i}`, slowMs);
    expect(startSome(shares, recent, 100, 'late')).toHaveLength(places);
    expect(startSome(shares, recent, 100, 'quick', quickMs)).toHaveLength(100);
  });

  test('one that others keep waiting starts after two seconds', () => {
    const [shares, recent] = inCompany();
    for (let i = 0; i < 50; i++) startSome(shares, recent, 1, `t${i}`, slowMs);
    const since = performance.now();
    const { forMs } = shares.holdOf('late', slowMs, since)!;
    vi.advanceTimersByTime(forMs!);
    expect(shares.holdOf('late', slowMs, since)).toBeUndefined();
  });
});

test('nothing is left of runs that are over', () => {
  const [shares, recent] = inCompany();
  for (let round = 0; round < 3; round++) {
    const uses = startSome(shares, recent, 10_000, 'bad', 0.3);
    for (const use of uses) shares.computes(use);
    for (const use of uses) shares.leave(use);
    expect(shares.roomFor('bad', undefined)).toBe(places);
  }
  expect(startSome(shares, recent, 100, 'good')).toHaveLength(places);
});
