import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openJail } from '../../src/host/jail/jail.ts';
import { MemoryCeiling } from '../../src/host/memory-ceiling.ts';
import { WorkerProcess, type WorkerExit } from '../../src/host/worker-process.ts';
import { copyPackage } from '../support/package-copy.ts';
import { startHost } from '../support/processes.ts';

const probe = MemoryCeiling.open(128);
probe?.close();
const withCeiling = test.skipIf(probe === undefined);

withCeiling('the kernel ends a worker that takes too much, and it is known why', async () => {
  const jail = await openJail('auto');
  const { command, args, ...rest } = jail.launch('worker');
  const main = args.findLastIndex((arg) => arg.endsWith('main.ts'));
  const hog = 'const all = []; while (all.length < 60) all.push(Buffer.alloc(2 ** 24, 1))';
  const launch = { ...rest, command, args: [...args.slice(0, main), '-e', hog] };
  const exit = await new Promise<WorkerExit>((resolve) => {
    const handlers = { onData: () => {}, onExit: resolve };
    void new WorkerProcess(launch, handlers, { ceiling: MemoryCeiling.open(200) });
  });
  expect(exit).toMatchObject({ signal: 'SIGKILL', outOfMemory: true });
});

withCeiling('a process that prepares for one stays in its own groups', async () => {
  const groups = (): string => readFileSync('/proc/self/cgroup', 'utf8');
  const before = groups();
  MemoryCeiling.prepare();
  await setTimeout(100);
  expect(groups()).toBe(before);
});

withCeiling('one that is ended for anything else is not said to have taken too much', async () => {
  const jail = await openJail('auto');
  const exit = await new Promise<WorkerExit>((resolve) => {
    const handlers = { onData: () => worker.kill(), onExit: resolve };
    const worker = new WorkerProcess(jail.launch('worker'), handlers, {
      ceiling: MemoryCeiling.open(1000),
    });
    void setTimeout(300).then(() => worker.kill());
  });
  expect(exit).toMatchObject({ signal: 'SIGKILL', outOfMemory: false });
});

withCeiling('a run is told of its memory by the kernel alone, when nobody else looks', async () => {
  const copy = copyPackage();
  const replace = (file: string, part: string, other: string): void => {
    const text = copy.read(file);
    expect(text).toContain(part);
    copy.write(file, text.replace(part, other));
  };
  replace('src/host/resident-bytes.ts', 'if (pid === undefined', 'if (true');
  replace(
    'src/worker/watchdog.ts',
    'share.ownBytes > run.residentBytes',
    'false && share.ownBytes > run.residentBytes',
  );
  replace('src/worker/watchdog.ts', 'taken > allowed', 'false && taken > allowed');
  const host = startHost(`
    import { createRuntime } from ${JSON.stringify(copy.index)};
    const runtime = await createRuntime({ workers: 1, maxWorkerMb: 300, limits: { memoryMb: 1024 } });
    const hog = 'const all = []; for (;;) all.push(new Uint8Array(2 ** 22).fill(1))';
    console.log(await runtime.execute(hog).catch((error) => error.code));
    console.log((await runtime.execute('return 1', {}, { tenant: { id: 'other' } })).output.value);
    await runtime.shutdown();
  `);
  const { lines } = await host.end;
  expect(lines).toEqual(['memory_limit', '1']);
});
