import { setTimeout } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Deadlines } from '../../src/host/deadlines.ts';
import { DenseSet } from '../../src/host/dense-set.ts';
import { DueTimes, type Due } from '../../src/host/due-times.ts';
import { startHost } from '../support/processes.ts';

interface Named extends Due {
  readonly name: string;
}

function begin() {
  const deadlines = new Deadlines();
  onTestFinished(() => deadlines.close());
  const members = new DenseSet<Named>();
  const seen: string[] = [];
  const times = new DueTimes(deadlines, members, ({ name }) => seen.push(name));
  const add = (name: string, inMs: number): Named => {
    const member: Named = { name, place: -1, dueAt: Infinity };
    members.add(member);
    times.set(member, performance.now() + inMs);
    return member;
  };
  return { members, times, seen, add };
}

describe('DueTimes', () => {
  test('tells of each time once, in order, whatever the order in which they were set', async () => {
    const { seen, add } = begin();
    for (const ms of [90, 30, 150, 60, 120]) add(String(ms), ms);
    await setTimeout(250);
    expect(seen).toEqual(['30', '60', '90', '120', '150']);
  });

  test('does not tell of one that has left, nor of a time that was put off, until then', async () => {
    const { members, times, seen, add } = begin();
    members.delete(add('left', 10));
    const later = add('later', 10);
    times.set(later, performance.now() + 120);
    await setTimeout(60);
    expect(seen).toEqual([]);
    await setTimeout(120);
    expect(seen).toEqual(['later']);
  });

  test('does not tell of one that another ended which was due as well', async () => {
    const deadlines = new Deadlines();
    onTestFinished(() => deadlines.close());
    const members = new DenseSet<Named>();
    const seen: string[] = [];
    const times = new DueTimes(deadlines, members, ({ name }) => {
      seen.push(name);
      for (const member of members.members()) members.delete(member);
    });
    for (const name of ['one', 'other']) {
      const member: Named = { name, place: -1, dueAt: Infinity };
      members.add(member);
      times.set(member, performance.now() + 10);
    }
    await setTimeout(60);
    expect(seen).toEqual(['one']);
  });

  test('a time before the one that is waited for comes first', async () => {
    const { seen, add } = begin();
    add('far', 60_000);
    add('near', 10);
    await setTimeout(60);
    expect(seen).toEqual(['near']);
  });

  test('one that is no member is not waited for', async () => {
    const { members, times, seen, add } = begin();
    const gone = add('gone', 60_000);
    members.delete(gone);
    times.clear();
    times.set(gone, performance.now() + 10);
    await setTimeout(60);
    expect(seen).toEqual([]);
    expect(gone.dueAt).toBeGreaterThan(performance.now() + 10_000);
  });

  test('when there are no members, nothing keeps the process alive', async () => {
    const source = (name: string): string =>
      JSON.stringify(new URL(`../../src/host/${name}.ts`, import.meta.url).href);
    const host = startHost(`
      import { Deadlines } from ${source('deadlines')};
      import { DenseSet } from ${source('dense-set')};
      import { DueTimes } from ${source('due-times')};
      const members = new DenseSet();
      const times = new DueTimes(new Deadlines(), members, () => {});
      const member = { place: -1, dueAt: Infinity };
      members.add(member);
      times.set(member, performance.now() + 60_000);
      members.delete(member);
      times.clear();
    `);
    expect(await host.end).toMatchObject({ status: 0, errors: '' });
  });
});
