import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FairTurns } from '../../src/host/fair-turns.ts';

/** Keeps this thread busy. */
function compute(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** Turns of the event loop until `work` is done. */
async function turnsOf(work: Promise<unknown>): Promise<number> {
  let isDone = false;
  void work.then(() => (isDone = true));
  let turns = 0;
  for (; !isDone; turns++) await nextTurn();
  return turns;
}

test('spreads what takes long over many turns, in order', async () => {
  const turns = new FairTurns();
  const done: number[] = [];
  const job = async (number: number): Promise<void> => {
    const turn = turns.next();
    if (turn !== undefined) await turn;
    compute(1);
    done.push(number);
  };
  const all = Promise.all(Array.from({ length: 50 }, (_, number) => job(number)));
  expect(await turnsOf(all)).toBeGreaterThan(15);
  expect(done).toEqual(Array.from({ length: 50 }, (_, number) => number));
});

test('keeps nobody waiting while there is time', async () => {
  const turns = new FairTurns();
  for (let i = 0; i < 10; i++) {
    expect(turns.next()).toBeUndefined();
    await nextTurn();
  }
});

test('lets one that comes later wait for those before it', async () => {
  const turns = new FairTurns();
  expect(turns.next()).toBeUndefined();
  compute(3);
  const order: string[] = [];
  const first = turns.next()!.then(() => order.push('first'));
  const second = turns.next()!.then(() => order.push('second'));
  await Promise.all([first, second]);
  expect(order).toEqual(['first', 'second']);
});
