import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyPackage, ownPrebuilds, type PackageCopy } from './support/package-copy.ts';
import { allGone, startHost, type HostEnd } from './support/processes.ts';

interface Attempt {
  readonly end: HostEnd;
  /** What came of createRuntime. */
  readonly report: { code: string; fault?: string; retryable?: boolean; message: string };
  readonly pids: readonly number[];
}

/** Starts a runtime from a copy of the package in a process that does nothing else. */
async function attempt(
  copy: PackageCopy,
  options = '{ workers: 2, poolSize: 2 }',
  onExit = '',
): Promise<Attempt> {
  const host = startHost(`
    import { writeFileSync } from 'node:fs';
    import { subscribe } from 'node:diagnostics_channel';
    import { createRuntime } from ${JSON.stringify(copy.index)};
    const pids = [];
    subscribe('cloister:worker:exit', ({ pid }) => { pids.push(pid); ${onExit} });
    try {
      const runtime = await createRuntime(${options});
      console.log('created');
      const { output } = await runtime.execute('return 6 * 7');
      console.log('report', JSON.stringify({ code: 'completed', message: String(output.value) }));
      await runtime.shutdown();
    } catch ({ code, fault, retryable, message }) {
      console.log('report', JSON.stringify({ code, fault, retryable, message }));
    }
    console.log('pids', JSON.stringify(pids));
  `);
  const report = JSON.parse(await host.line('report')) as Attempt['report'];
  const pids = JSON.parse(await host.line('pids')) as number[];
  return { end: await host.end, report, pids };
}

const addonFolder = dirname(createRequire(import.meta.url).resolve('isolated-vm/package.json'));
const startFailure = { code: 'worker_start_failed', fault: 'system', retryable: true };

/** The parts of isolated-vm that an embedder's machine may have wrong. */
function binariesOf(): string[] {
  const names = readdirSync(addonFolder, { recursive: true }) as string[];
  return names.filter((name) => name.startsWith(ownPrebuilds) && name.endsWith('.node'));
}

/** Puts a module of our own in the place of isolated-vm. */
function replaceAddon(copy: PackageCopy, text: string): void {
  const entry = { name: 'isolated-vm', version: '7.0.1', main: 'stub.cjs' };
  copy.write('node_modules/isolated-vm/package.json', JSON.stringify(entry));
  copy.write('node_modules/isolated-vm/stub.cjs', text);
}

/** Workers that hang are given up earlier. */
function hurry(copy: PackageCopy): void {
  const file = 'src/host/worker-fleet.ts';
  const text = copy.read(file);
  expect(text).toContain('maxStartMs = 10_000');
  copy.write(file, text.replace('maxStartMs = 10_000', 'maxStartMs = 3000'));
}

/** Workers hang. @returns what the host is to do so that those started later do not. */
function hangAtFirst(copy: PackageCopy): string {
  const main = copy.read('src/worker/main.ts');
  copy.write('src/worker/main.ts', 'for (;;);');
  return `writeFileSync(new URL('worker/main.ts', ${JSON.stringify(copy.index)}), ${JSON.stringify(main)});`;
}

describe('createRuntime', () => {
  test('works from a copy of the package, so that what follows is due to what is broken', async () => {
    const { report, end } = await attempt(copyPackage());
    expect(report).toEqual({ code: 'completed', message: '42' });
    expect(end).toMatchObject({ status: 0, errors: '' });
  });

  test.each([
    [
      'throws while it loads',
      `throw new Error('no binary for this Node')`,
      /no binary for this Node/,
    ],
    ['has no Isolate', `module.exports = {}`, /./],
    [
      'makes no isolate',
      `module.exports.Isolate = class { constructor() { throw new Error('no room') } }`,
      /no room/,
    ],
    ['ends the process', `process.exit(3)`, /exit status 3/],
    ['is killed while it loads', `process.kill(process.pid, 'SIGSEGV'); for (;;);`, /SIGSEGV/],
    ['hangs while it loads', `for (;;);`, /./],
    [
      'never makes a context',
      `module.exports.Isolate = class { isDisposed = false; createContext() { return new Promise(() => {}) } dispose() {} }`,
      /./,
    ],
  ])(
    'says clearly that no worker could be started when isolated-vm %s',
    async (_what, stub, reason) => {
      const copy = copyPackage();
      replaceAddon(copy, stub);
      hurry(copy);
      const { report, end, pids } = await attempt(copy);
      expect(report).toMatchObject(startFailure);
      expect(report.message).toMatch(/^a worker process could not be started: /);
      expect(report.message).toMatch(reason);
      expect(end).toMatchObject({ status: 0, errors: '' });
      await allGone(pids);
    },
  );

  test('starts another worker when one hangs', async () => {
    const copy = copyPackage();
    const mend = hangAtFirst(copy);
    hurry(copy);
    const { report, pids } = await attempt(copy, '{ workers: 1, spareWorkers: 0 }', mend);
    expect(report).toEqual({ code: 'completed', message: '42' });
    expect(pids).toHaveLength(2);
  });

  test('goes on with the other workers while the first hangs', async () => {
    const copy = copyPackage();
    const mend = hangAtFirst(copy);
    // When the first one has been started, and the others have not.
    const options = `(setTimeout(() => { ${mend} }, 500), { workers: 2, spareWorkers: 0 })`;
    const { report, end } = await attempt(copy, options, `console.log('exit');`);
    expect(report).toEqual({ code: 'completed', message: '42' });
    const [first] = end.lines.filter((line) => /^(exit|created)/.test(line));
    expect(first).toBe('created');
  });

  test('says clearly that no worker could be started when the binary is none', async () => {
    const copy = copyPackage();
    for (const name of binariesOf())
      copy.write(join('node_modules/isolated-vm', name), 'not a binary');
    const { report, end } = await attempt(copy);
    expect(report).toMatchObject(startFailure);
    expect(report.message.length).toBeGreaterThan('a worker process could not be started: '.length);
    expect(end).toMatchObject({ status: 0, errors: '' });
  });

  test('says clearly that no worker could be started when its code does not load', async () => {
    const copy = copyPackage();
    copy.write('src/worker/main.ts', `import './missing.ts';`);
    const { report, end } = await attempt(copy);
    expect(report).toMatchObject(startFailure);
    expect(report.message).toMatch(/^a worker process could not be started: /);
    expect(end).toMatchObject({ status: 0, errors: '' });
  });

  test('does not wait for warm VMs that cannot be made', async () => {
    const copy = copyPackage();
    copy.write('guest/globals.js', 'this is no JavaScript');
    const { report, end } = await attempt(copy);
    expect(report).toMatchObject(startFailure);
    expect(end).toMatchObject({ status: 0, errors: '' });
  });

  test('says clearly that no worker could be started when scripts give wrong results in it', async () => {
    const copy = copyPackage();
    copy.write(
      'guest/timers.js',
      `${copy.read('guest/timers.js')}\nguest.json = { ...guest.json, parse: () => ({}) };`,
    );
    const { report, end } = await attempt(copy);
    expect(report).toMatchObject(startFailure);
    expect(report.message).toMatch(/the self-test gave a wrong answer/);
    expect(end).toMatchObject({ status: 0, errors: '' });
  });
});
