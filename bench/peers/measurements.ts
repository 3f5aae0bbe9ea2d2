import { isDeepStrictEqual } from 'node:util';
import { latency, median } from '../measure.ts';
import { levels, type Cell, type Group } from './columns.ts';
import { computeJob, computeNames, expectedOutput, hostCalls, timed } from './jobs.ts';
import type { HeldVm, OpenPeer, Peer } from './peer.ts';
import { tiny, type Job } from './tiny.ts';
import { treeResidentBytes } from './tree-resident-bytes.ts';

/** Measures one group of columns of a peer in this process. `scale` shortens all times: 1 for the real ones. */
export async function* measure(peer: Peer, group: Group, scale: number): AsyncGenerator<Cell> {
  switch (group) {
    case 'runs':
      return yield* runs(peer, scale);
    case 'vms':
      return yield* vmCreation(peer, scale);
    case 'memory':
      return yield* memory(peer, scale);
    case 'call':
      return yield* hostCall(peer, scale);
    case 'compute':
      return yield* compute(peer, scale);
    case 'first':
      throw new Error('a first result is measured from outside');
  }
}

async function* runs(peer: Peer, scale: number): AsyncGenerator<Cell> {
  const open = await peer.open();
  const expected = expectedOutput(tiny);
  const once = async (tenant = 'one'): Promise<void> => {
    const { output } = await open.run(tiny.source, tiny.input, tenant);
    check(output, expected);
  };
  // The first pays for what is loaded late; the second tells how many fit into the time.
  await once();
  const begun = performance.now();
  await once();
  const roughMs = performance.now() - begun;
  const count = Math.ceil(Math.min(1000, Math.max(10, 1000 / roughMs)) * scale);
  const { p50, p99 } = await latency(once, count, Math.ceil(count / 4));
  yield { key: 'p50', value: p50 };
  yield { key: 'p99', value: p99 };
  for (const level of levels) {
    const value = await rate(() => once(), Math.min(level, peer.atOnce ?? level), 1000 * scale);
    yield { key: `${level} at once`, value };
  }
  let tenant = 0;
  const nextTenant = (): Promise<void> => once(`tenant ${tenant++ % 500}`);
  const inFlight = Math.min(64, peer.atOnce ?? 64);
  await rate(nextTenant, inFlight, 400 * scale);
  yield { key: 'tenants', value: await rate(nextTenant, inFlight, 1500 * scale) };
  await open.close();
}

/** Keeps runs in flight for a while, then waits for them. @returns how many there were a second. */
async function rate(once: () => Promise<void>, inFlight: number, ms: number): Promise<number> {
  const begun = performance.now();
  let done = 0;
  const lane = async (): Promise<void> => {
    do {
      await once();
      done++;
    } while (performance.now() - begun < ms);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return (done / (performance.now() - begun)) * 1000;
}

async function* vmCreation(peer: Peer, scale: number): AsyncGenerator<Cell> {
  const open = await peer.open({ manyVms: true });
  if (open.makeVm === undefined) return yield { key: 'VM', reason: 'a run makes its own' };
  await (await open.makeVm()).close();
  const made: HeldVm[] = [];
  const taken: number[] = [];
  const begun = performance.now();
  while (taken.length < 40 * scale && performance.now() - begun < 1500) {
    const started = performance.now();
    made.push(await open.makeVm());
    taken.push(performance.now() - started);
  }
  yield { key: 'VM', value: median(taken) };
  for (const vm of made) await vm.close();
  await open.close();
}

async function* memory(peer: Peer, scale: number): AsyncGenerator<Cell> {
  const open = await peer.open({ manyVms: true });
  const count = Math.ceil(Math.min(40, peer.atOnce ?? 40) * scale);
  const few = await keep(open, 1);
  const before = await treeResidentBytes(process.pid);
  // Where VMs are kept in a process of their own, that process is another one.
  if (open.keepVms !== undefined) await few.close();
  const many = await keep(open, open.keepVms === undefined ? count : count + 1);
  const after = await treeResidentBytes(process.pid);
  if (before === 0) yield { key: 'memory', reason: 'measured on Linux alone' };
  else yield { key: 'memory', value: (after - before) / count };
  await many.close();
  if (open.keepVms === undefined) await few.close();
  await open.close();
}

async function keep(open: OpenPeer, count: number): Promise<HeldVm> {
  if (open.keepVms !== undefined) return await open.keepVms(count);
  const vms: HeldVm[] = [];
  for (let i = 0; i < count; i++) vms.push(await open.makeVm!());
  return {
    async close() {
      for (const vm of vms) await vm.close();
    },
  };
}

async function* hostCall(peer: Peer, scale: number): AsyncGenerator<Cell> {
  const open = await peer.open({ hostCalls: true });
  const take = async (calls: number): Promise<number> => {
    const { source, input } = hostCalls(calls);
    const begun = performance.now();
    const { output } = await open.run(source, input, 'one');
    check(output, { sum: calls });
    return performance.now() - begun;
  };
  await take(0);
  // Enough of them to tell their time from that of a run without any.
  let count = 50;
  while (count < 100_000 * scale && (await take(count)) < 200 * scale) count *= 2;
  const samples: number[] = [];
  for (let round = 0; round < 5; round++) samples.push((await take(count)) - (await take(0)));
  yield { key: 'call', value: Math.max(0, median(samples)) / count };
  await open.close();
}

async function* compute(peer: Peer, scale: number): AsyncGenerator<Cell> {
  const open = await peer.open({ clock: true });
  for (const name of computeNames) {
    yield await computeOnce(open, name, scale).catch((error: unknown) => ({
      key: name,
      reason: String(error),
    }));
  }
  await open.close();
}

async function computeOnce(
  open: OpenPeer,
  key: (typeof computeNames)[number],
  scale: number,
): Promise<Cell> {
  const job = await computeJob(key);
  const expected = expectedOutput(job);
  const samples = [await insideMs(open, job, expected)];
  const begun = performance.now();
  // The first one is a warm-up, if there is time for others.
  while (samples.length < 6 && performance.now() - begun < 1000 * scale) {
    samples.push(await insideMs(open, job, expected));
  }
  return { key, value: median(samples.length > 1 ? samples.slice(1) : samples) };
}

/** A millisecond is what scripts can tell by their clock; peers that know better say so. */
async function insideMs(open: OpenPeer, job: Job, expected: unknown): Promise<number> {
  const { source, input } = timed(job);
  const outcome = await open.run(source, input, 'one');
  const { output, ms } = outcome.output as { output: unknown; ms: number };
  check(output, expected);
  return outcome.insideMs ?? ms;
}

function check(output: unknown, expected: unknown): void {
  if (isDeepStrictEqual(output, expected)) return;
  throw new Error(`gave ${JSON.stringify(output)} instead of ${JSON.stringify(expected)}`);
}
