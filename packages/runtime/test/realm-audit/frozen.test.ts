import { describe, expect, test } from 'vitest';
import { useRuntime } from '../support/runtime.ts';
import { oneVm, takeSnapshot, unfrozen } from '../support/realm-audit.ts';

describe('in a hardened realm,', () => {
  const runtime = useRuntime(oneVm);

  test('everything that runs share is closed and unchangeable, but for RegExp.prototype', async () => {
    const snapshot = await takeSnapshot(runtime());
    expect(snapshot.count).toBeGreaterThan(1300);
    expect(unfrozen(snapshot)).toEqual([]);
    // The exception is one: nothing else hides behind it.
    expect(snapshot.mutable).toContain('RegExp.prototype is extensible');
  });

  test('no static of RegExp remembers a match', async () => {
    const { text } = await takeSnapshot(runtime());
    expect(text.split('\n').filter((line) => line.includes('remembers'))).toEqual([]);
  });

  test('two snapshots of one VM, and one of another, are the same text', async () => {
    const snapshots = [
      await takeSnapshot(runtime(), { tenant: { id: 'one' } }),
      await takeSnapshot(runtime(), { tenant: { id: 'one' } }),
      await takeSnapshot(runtime(), { tenant: { id: 'two' } }),
    ];
    expect(new Set(snapshots.map(({ text }) => text)).size).toBe(1);
  });

  test('the walk would see what is not frozen: a fresh realm is full of it', async () => {
    const found = unfrozen(await takeSnapshot(runtime(), { realm: 'fresh' }));
    expect(found).toContain('globalThis is extensible');
    expect(found).toContain('globalThis.Array is writable');
    expect(found.length).toBeGreaterThan(3000);
  });
});
