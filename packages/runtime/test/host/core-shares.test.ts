import { beforeEach, describe, expect, test, vi } from 'vitest';
import { CoreShares, type CoreUse } from '../../src/host/core-shares.ts';
import { RecentTenants } from '../../src/host/recent-tenants.ts';

const cores = 4;
/** Places of a tenant that has company. */
const places = cores;
const quickMs = 0.1;
const heavyMs = 1;
const slowMs = 500;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(60_000);
  return () => vi.useRealTimers();
});

/** Starts runs as the scheduler does: each at once, unless it is held. */
function startSome(
  shares: CoreShares,
  count: number,
  tenantId: string,
  expectedMs?: number,
): CoreUse[] {
  const started: CoreUse[] = [];
  const since = performance.now();
  for (let i = 0; i < count; i++) {
    if (shares.holdOf(tenantId, expectedMs, since) !== undefined) break;
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
  test('has as many places as there are cores for runs that nothing is known of', () => {
    const [shares] = inCompany();
    expect(startSome(shares, 100, 'bad')).toHaveLength(places);
    expect(shares.holdOf('bad', undefined, 0)).toMatchObject({ cause: 'tenant_cap' });
    expect(startSome(shares, 1, 'good')).toHaveLength(1);
  });

  test('has many more for runs that are known to be short', () => {
    const [shares] = inCompany();
    expect(startSome(shares, 1000, 'bad', quickMs).length).toBeGreaterThan(50);
  });

  test('leaves a core to the others when its runs are not light', () => {
    const [shares, recent] = inCompany();
    expect(startSome(shares, 100, 'bad', heavyMs)).toHaveLength(cores - 1);
    expect(shares.holdOf('bad', heavyMs, 0)).toMatchObject({ cause: 'tenant_cap' });
    expect(shares.roomFor('good', heavyMs)).toBe(cores - 1);
    recent.note('bad');
    vi.advanceTimersByTime(2000);
    expect(startSome(shares, 100, 'bad', heavyMs)).toHaveLength(cores + 1);
  });

  test('has a place for a run that is not light on a single core, too', () => {
    const recent = new RecentTenants();
    for (const id of ['good', 'bad']) recent.note(id);
    const shares = new CoreShares(1, recent);
    expect(startSome(shares, 100, 'bad', heavyMs)).toHaveLength(1);
    expect(startSome(shares, 100, 'good', heavyMs)).toHaveLength(1);
  });

  test('gets a place back when a run waits, and once only', () => {
    const [shares] = inCompany();
    const [first] = startSome(shares, 100, 'bad');
    shares.leave(first!);
    shares.leave(first!);
    expect(startSome(shares, 100, 'bad')).toHaveLength(1);
  });

  test('has a place less for a run that computes after it has waited', () => {
    const [shares] = inCompany();
    const uses = startSome(shares, places, 'bad', quickMs);
    for (const use of uses) shares.leave(use);
    for (const use of uses) shares.computes(use);
    expect(shares.holdOf('bad', quickMs, 0)?.cause).toBe('tenant_cap');
    for (const use of uses) shares.leave(use);
    expect(shares.holdOf('bad', quickMs, 0)).toBeUndefined();
  });

  test('starts a long run though its short ones keep the places nearly full', () => {
    const [shares] = inCompany();
    const quick = startSome(shares, 10_000, 'bad', quickMs);
    shares.leave(quick[0]!);
    expect(shares.holdOf('bad', undefined, 0)).toBeUndefined();
  });
});

describe('of runs that are likely to compute for long', () => {
  test('a tenant that has company leaves a core to the others', () => {
    const [shares] = inCompany();
    expect(startSome(shares, 100, 'bad', slowMs)).toHaveLength(cores - 1);
    expect(shares.holdOf('bad', slowMs, performance.now())).toMatchObject({ cause: 'tenant_cap' });
    expect(shares.holdOf('bad', quickMs, performance.now())).toBeUndefined();
  });

  test('a tenant that is alone has twice as many as there are cores', () => {
    const recent = new RecentTenants();
    const shares = new CoreShares(cores, recent);
    recent.note('bad');
    expect(startSome(shares, 100, 'bad', slowMs)).toHaveLength(2 * cores);
    expect(shares.holdOf('bad', quickMs, 0)).toEqual({ cause: 'tenant_cap', forMs: undefined });
    recent.note('good');
    recent.note('bad');
    expect(shares.holdOf('bad', slowMs, 0)).toMatchObject({ cause: 'tenant_cap' });
  });

  test('those count that nothing is known of, once one of the tenant was long', () => {
    const [shares] = inCompany();
    const [first] = startSome(shares, 1, 'bad');
    shares.computes(first!);
    expect(startSome(shares, 100, 'bad')).toHaveLength(cores - 2);
    expect(startSome(shares, 100, 'good')).toHaveLength(places);
  });

  test('one more may start when it has waited for two seconds, up to the number of cores', () => {
    const [shares, recent] = inCompany();
    const since = performance.now();
    startSome(shares, 100, 'bad', slowMs);
    const wait = (): void => {
      vi.advanceTimersByTime(shares.holdOf('bad', slowMs, since)!.forMs!);
      recent.note('good');
      recent.note('bad');
    };
    wait();
    expect(shares.holdOf('bad', slowMs, since)).toBeUndefined();
    shares.enter('bad', slowMs);
    wait();
    expect(shares.holdOf('bad', slowMs, since)).toMatchObject({ cause: 'tenant_cap' });
  });

  test('only one more starts at a time, though all have waited', () => {
    const recent = new RecentTenants();
    const shares = new CoreShares(16, recent);
    for (const id of ['good', 'bad']) recent.note(id);
    const uses = startSome(shares, 100, 'bad', slowMs);
    expect(uses).toHaveLength(15);
    const since = performance.now();
    vi.advanceTimersByTime(60_000);
    for (const id of ['good', 'bad']) recent.note(id);
    expect(shares.holdOf('bad', slowMs, since)).toBeUndefined();
    shares.enter('bad', slowMs);
    shares.leave(uses[0]!);
    expect(shares.holdOf('bad', slowMs, since)).toMatchObject({ cause: 'tenant_cap' });
  });

  test('all tenants together have twice as many as there are cores', () => {
    const [shares] = inCompany();
    const ids = Array.from({ length: 50 }, (_, index) => `t${index}`);
    const started = ids.flatMap((id) => startSome(shares, 1, id, slowMs));
    expect(started).toHaveLength(2 * cores);
    expect(shares.holdOf('late', slowMs, performance.now())).toMatchObject({ cause: 'pool_full' });
  });

  test('a tenant of which nothing is known goes past those of others', () => {
    const [shares] = inCompany();
    for (let i = 0; i < 50; i++) startSome(shares, 1, `t${i}`, slowMs);
    expect(startSome(shares, 100, 'late')).toHaveLength(places);
    expect(startSome(shares, 50, 'quick', quickMs)).toHaveLength(50);
  });

  test('one that others keep waiting starts after two seconds', () => {
    const [shares] = inCompany();
    for (let i = 0; i < 50; i++) startSome(shares, 1, `t${i}`, slowMs);
    const since = performance.now();
    const { forMs } = shares.holdOf('late', slowMs, since)!;
    vi.advanceTimersByTime(forMs!);
    expect(shares.holdOf('late', slowMs, since)).toBeUndefined();
  });
});

test('nothing is left of runs that are over', () => {
  const [shares] = inCompany();
  for (let round = 0; round < 3; round++) {
    const uses = startSome(shares, 10_000, 'bad', 0.3);
    for (const use of uses) shares.computes(use);
    for (const use of uses) shares.leave(use);
    expect(shares.roomFor('bad', undefined)).toBe(places);
  }
  expect(startSome(shares, 100, 'good')).toHaveLength(places);
});
