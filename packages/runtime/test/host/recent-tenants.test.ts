import { beforeEach, describe, expect, test, vi } from 'vitest';
import { RecentTenants } from '../../src/host/recent-tenants.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  return () => vi.useRealTimers();
});

describe('a tenant', () => {
  test('is alone when nobody else ever started a run', () => {
    const recent = new RecentTenants();
    expect([recent.isAlone('a'), recent.areSeveral]).toEqual([true, false]);
    recent.note('a');
    recent.arrive('a');
    expect([recent.isAlone('a'), recent.areSeveral]).toEqual([true, false]);
    expect(recent.isAlone('b')).toBe(false);
  });

  test('has company for a second after the last start of another', () => {
    const recent = new RecentTenants();
    recent.note('b');
    recent.note('a');
    vi.advanceTimersByTime(900);
    recent.note('a');
    expect([recent.isAlone('a'), recent.areSeveral]).toEqual([false, true]);
    vi.advanceTimersByTime(200);
    expect([recent.isAlone('a'), recent.areSeveral]).toEqual([true, false]);
  });

  test('has company as long as a run of another is on a core', () => {
    const recent = new RecentTenants();
    recent.note('bad');
    recent.arrive('bad');
    vi.advanceTimersByTime(60_000);
    expect(recent.areSeveral).toBe(false);
    for (let i = 0; i < 5; i++) {
      recent.note('good');
      expect([recent.isAlone('bad'), recent.isAlone('good')]).toEqual([false, false]);
      expect(recent.areSeveral).toBe(true);
      vi.advanceTimersByTime(500);
    }
    vi.advanceTimersByTime(1000);
    expect([recent.isAlone('bad'), recent.isAlone('good')]).toEqual([true, false]);
    recent.leave('bad');
    expect([recent.isAlone('good'), recent.areSeveral]).toEqual([true, false]);
  });
});
