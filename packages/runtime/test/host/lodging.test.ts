import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Lodging, type Want } from '../../src/host/lodging.ts';

const want = (tenantId: string, trust: Want['trust'], kind: Want['kind'] = 'shared'): Want => ({
  tenantId,
  memoryMb: 128,
  trust,
  kind,
});

describe('a shared worker', () => {
  test('takes everybody when it is empty', () => {
    const lodging = new Lodging('shared');
    expect(lodging.accepts(want('a', 'proven'))).toBe(true);
    expect(lodging.accepts(want('a', 'open'))).toBe(true);
  });

  test.each([
    ['proven', 'open'],
    ['open', 'proven'],
    ['displaced', 'open'],
    ['open', 'displaced'],
    ['displaced', 'proven'],
    ['steady', 'proven'],
    ['proven', 'steady'],
    ['open', 'steady'],
  ] as const)('with a %s run takes no %s one of another tenant', (inside, outside) => {
    const lodging = new Lodging('shared');
    lodging.enter(want('a', inside));
    expect(lodging.accepts(want('b', inside))).toBe(true);
    expect(lodging.accepts(want('b', outside))).toBe(false);
    expect(lodging.accepts(want('a', outside))).toBe(true);
    lodging.enter(want('b', inside));
    expect(lodging.accepts(want('a', outside))).toBe(false);
    lodging.leave(want('b', inside));
    expect(lodging.accepts(want('a', outside))).toBe(true);
    lodging.leave(want('a', inside));
    expect(lodging.isEmpty).toBe(true);
    expect(lodging.accepts(want('b', outside))).toBe(true);
  });
});

test('a dedicated worker takes its owner alone', () => {
  const lodging = new Lodging('dedicated', 'a');
  lodging.enter(want('a', 'open', 'dedicated'));
  expect(lodging.accepts(want('a', 'proven', 'dedicated'))).toBe(true);
  expect(lodging.accepts(want('b', 'proven', 'dedicated'))).toBe(false);
  expect(lodging.accepts(want('a', 'open'))).toBe(false);
});

test('a quarantine takes one run at a time, whosoever', () => {
  const lodging = new Lodging('quarantine');
  expect(lodging.accepts(want('a', 'open'))).toBe(false);
  lodging.enter(want('a', 'open', 'quarantine'));
  expect(lodging.accepts(want('a', 'open', 'quarantine'))).toBe(false);
  lodging.leave(want('a', 'open', 'quarantine'));
  expect(lodging.accepts(want('b', 'open', 'quarantine'))).toBe(true);
});

describe('a worker for proven scripts', () => {
  test('is kept for them for a second after the last of them', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const lodging = new Lodging('shared');
    lodging.enter(want('a', 'open'));
    lodging.leave(want('a', 'open'));
    expect(lodging.isForProven).toBe(false);
    lodging.enter(want('a', 'proven'));
    vi.advanceTimersByTime(5000);
    expect(lodging.isForProven).toBe(true);
    lodging.leave(want('a', 'proven'));
    expect(lodging.leftAt).toBe(performance.now());
    vi.advanceTimersByTime(900);
    expect(lodging.isForProven).toBe(true);
    vi.advanceTimersByTime(200);
    expect(lodging.isForProven).toBe(false);
  });
});
