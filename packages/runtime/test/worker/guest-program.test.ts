import { describe, expect, test } from 'vitest';
import { parseGuest, printGuest, readGuest } from '../../src/worker/guest-program.ts';

const text = '(function () {})';
const plan = '[[0,1,["Object"],false]]';
const code = new Uint8Array([1, 2, 3]);
const built = printGuest({ text, plan, code });

/** The same as another Node would have written it. */
function builtBy(change: (node: unknown[]) => void): Buffer {
  const end = built.indexOf('\n');
  const head = JSON.parse(built.toString('utf8', 0, end)) as { node: string };
  const node = JSON.parse(head.node) as unknown[];
  change(node);
  const line = JSON.stringify({ ...head, node: JSON.stringify(node) });
  return Buffer.concat([Buffer.from(line), built.subarray(end)]);
}

describe('the guest of a built package', () => {
  test('is read as it was written', () => {
    expect(parseGuest(built)).toEqual({ text, plan, code });
  });

  test.each<[string, (node: unknown[]) => void]>([
    ['of another version', ([versions]) => Object.assign(versions as object, { node: '26.9.0' })],
    ['with another V8', ([versions]) => Object.assign(versions as object, { v8: '14.0.1' })],
    ['built in another way', ([, config]) => Object.assign(config as object, { variables: {} })],
    ['for another processor', (node) => node.splice(2, 1, 'riscv64')],
  ])('says nothing of realms when it comes from a Node %s', (_what, change) => {
    expect(parseGuest(builtBy(change))).toEqual({ text });
  });

  test('is put together from its files in the repository', () => {
    const { text: own, ...found } = readGuest();
    expect(own).toContain('guest.harden = ');
    expect(found).toEqual({});
  });
});
