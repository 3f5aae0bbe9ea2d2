import { describe, expect, test } from 'vitest';
import { CallRecord, type DatedAnswer } from '../../src/host/call-record.ts';

const answer = (call: number): DatedAnswer => ({ call, answer: `+${call}`, at: 100 * call });

/** Two calls of which the second was answered first, and a third that has no answer yet. */
function recorded(): CallRecord {
  const record = new CallRecord({ characters: 0 });
  record.add(1, 'a');
  record.add(2, 'b');
  expect(record.answered(answer(2))).toBe(true);
  expect(record.answered(answer(1))).toBe(true);
  record.add(3, 'c');
  return record;
}

describe('CallRecord', () => {
  test('gives each answer when the attempt has made the calls that came before it', () => {
    const record = recorded();
    expect(record.rewind()).toBe(true);
    expect(record.meet(1, 'a')).toEqual([]);
    expect(record.meet(2, 'b')).toEqual([answer(2), answer(1)]);
    expect(record.isReplaying).toBe(true);
    expect(record.meet(3, 'c')).toEqual([]);
    expect(record.isReplaying).toBe(false);
  });

  test('keeps an answer that comes during a replay for its turn', () => {
    const record = recorded();
    record.rewind();
    expect(record.answered(answer(3))).toBe(false);
    record.meet(1, 'a');
    record.meet(2, 'b');
    expect(record.meet(3, 'c')).toEqual([answer(3)]);
    record.add(4, 'd');
    expect(record.answered(answer(4))).toBe(true);
  });

  test.each([
    ['another call', 1, 'b'],
    ['a call of another number', 2, 'a'],
  ])('knows %s', (_what, id, key) => {
    const record = recorded();
    record.rewind();
    expect(record.meet(id, key)).toBeUndefined();
  });

  test('knows of calls that were not made again', () => {
    const record = recorded();
    expect(record.hasCallsAhead).toBe(false);
    record.rewind();
    expect(record.hasCallsAhead).toBe(true);
    record.meet(1, 'a');
    record.meet(2, 'b');
    expect(record.hasCallsAhead).toBe(true);
    record.meet(3, 'c');
    expect(record.hasCallsAhead).toBe(false);
  });

  test('cannot be rewound when it has grown too long, and holds nothing then', () => {
    const record = recorded();
    record.answered({ call: 3, answer: 'x'.repeat(9 * 1024 * 1024), at: 0 });
    expect(record.rewind()).toBe(false);
    expect(record.isReplaying).toBe(false);
    expect(record.hasCallsAhead).toBe(false);
  });

  test('gives back what it held when it is closed, or too long', () => {
    const total = { characters: 5 };
    const record = new CallRecord(total);
    record.add(1, 'abc');
    expect(total.characters).toBeGreaterThan(8);
    record.close();
    record.close();
    expect(total.characters).toBe(5);
    new CallRecord(total).add(1, 'x'.repeat(9 * 1024 * 1024));
    expect(total.characters).toBe(5);
  });

  test('keeps nothing when the records of all runs hold too much', () => {
    const record = new CallRecord({ characters: 256 * 1024 * 1024 });
    record.add(1, 'a');
    expect(record.rewind()).toBe(false);
  });

  test('counts calls and answers without a text, too', () => {
    const record = recorded();
    for (let id = 10; id < 100_000; id++) {
      record.add(id, '0,0,[]');
      record.answered({ call: id, answer: '+', at: 0 });
    }
    expect(record.rewind()).toBe(false);
  });

  test('knows which calls were never answered', () => {
    const record = recorded();
    record.add(10, 'x');
    expect([1, 10, 11].map((id) => record.isUnanswered(id))).toEqual([false, true, false]);
    record.answered({ call: 10, answer: '+', at: 0 });
    expect(record.isUnanswered(10)).toBe(false);
  });

  test('can be rewound again', () => {
    const record = recorded();
    for (let attempt = 0; attempt < 3; attempt++) {
      record.rewind();
      expect(record.meet(1, 'a')).toEqual([]);
    }
  });
});
