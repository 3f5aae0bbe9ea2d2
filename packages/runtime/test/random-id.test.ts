import { expect, test } from 'vitest';
import { randomId } from '../src/random-id.ts';

test('ids are UUIDs of version 4, and no two are the same', () => {
  const ids = Array.from({ length: 10_000 }, randomId);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  expect(new Set(ids).size).toBe(ids.length);
});

test('each digit of an id is as likely as any other', () => {
  const counts = new Map<string, number>();
  const length = 20_000;
  for (let i = 0; i < length; i++) {
    const id = randomId();
    // Neither those of the version and the variant nor a dash.
    for (const at of [0, 7, 9, 17, 22, 24, 35]) counts.set(id[at]!, (counts.get(id[at]!) ?? 0) + 1);
  }
  expect(counts.size).toBe(16);
  for (const count of counts.values()) {
    expect(Math.abs(count / ((7 * length) / 16) - 1)).toBeLessThan(0.1);
  }
});
