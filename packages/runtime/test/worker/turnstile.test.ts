import { expect, test } from 'vitest';
import { Turnstile } from '../../src/worker/turnstile.ts';

test('a turnstile lets so many in at a time, in the order of their coming', async () => {
  const turnstile = new Turnstile(2);
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<number>());
  const begun: number[] = [];
  const results = gates.map((gate, index) =>
    turnstile.enter(() => {
      begun.push(index);
      return gate.promise;
    }),
  );
  expect(begun).toEqual([0, 1]);
  gates[1]!.resolve(1);
  await results[1];
  await Promise.resolve();
  expect(begun).toEqual([0, 1, 2]);
  for (const [index, gate] of gates.entries()) gate.resolve(index);
  expect(await Promise.all(results)).toEqual([0, 1, 2, 3]);
});

test('work that fails lets the next in', async () => {
  const turnstile = new Turnstile(1);
  const failing = turnstile.enter(() => Promise.reject(new Error('no')));
  const next = turnstile.enter(() => Promise.resolve('yes'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
  expect(await turnstile.enter(() => Promise.resolve('again'))).toBe('again');
});
