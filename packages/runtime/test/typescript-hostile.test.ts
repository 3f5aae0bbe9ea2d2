import { spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Deadlines } from '../src/host/deadlines.ts';
import { openJail } from '../src/host/jail/jail.ts';
import { TypeEraser } from '../src/host/type-eraser.ts';
import { createRuntime, type RunContext, type Runtime, type RuntimeOptions } from '../src/index.ts';
import { busyEraser, erasersOf, slowSource } from './support/erasers.ts';

const soon = { timeout: 20_000, interval: 1 };

async function startRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const runtime = await createRuntime({ workers: 1, poolSize: 1, ...options });
  onTestFinished(() => runtime.shutdown({ graceMs: 0 }));
  return runtime;
}

function as(id: string, rest: RunContext = {}): RunContext {
  return { tenant: { id }, language: 'typescript', ...rest };
}

const jail = await openJail('auto');

function startEraser(maxErasingMs: number, queueLimit = 100): TypeEraser {
  const deadlines = new Deadlines();
  const eraser = new TypeEraser(
    { jail, queueLimit, acquireTimeoutMs: 20_000, idleMs: 60_000, cacheSize: 100, maxErasingMs },
    deadlines,
  );
  onTestFinished(async () => {
    await eraser.close();
    deadlines.close();
  });
  return eraser;
}

const request = (source: string, tenantId = 'a', timeoutMs = 30_000) => ({
  source,
  tenantId,
  executionId: `run of ${tenantId}`,
  timeoutMs,
  signal: undefined,
});

/** Lets what was rejected be looked at later. */
function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error);
}

/** Sees to it that an eraser is there and idle, so that the next source goes to it at once. */
async function warmUp(runtime: Runtime): Promise<void> {
  await runtime.validateSyntax('let warm: up', { language: 'typescript' });
}

describe('a source that breaks the parser', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await createRuntime({ workers: 1, poolSize: 1 });
  });
  afterAll(() => runtime.shutdown({ graceMs: 0 }));

  test.each([
    ['type arguments', `let x: ${'A<'.repeat(100_000)}`],
    ['type arguments that are closed', `let x: ${'A<'.repeat(50_000)}B${'>'.repeat(50_000)}`],
    ['parentheses', '('.repeat(200_000)],
    ['brackets', '['.repeat(200_000)],
    ['object literals', `x = ${'{a:'.repeat(100_000)}`],
    ['template literals', `x = ${'`${'.repeat(100_000)}`],
    ['keyof', `type X = ${'keyof '.repeat(100_000)}A`],
    ['array types', `type X = A${'[]'.repeat(300_000)}`],
    ['non-null assertions', `a${'!'.repeat(1_000_000)}`],
    ['as', `return ${'x as '.repeat(100_000)}y`],
    ['arrow functions', `return ${'a=>'.repeat(200_000)}1`],
    ['additions', `return 1${'+1'.repeat(500_000)}`],
    ['labels', '漢:'.repeat(200_000)],
    ['assertions in angle brackets', `return ${'<T>'.repeat(100_000)}1`],
  ])('by nesting %s is a compilation error', async (name, source) => {
    const before = runtime.stats().typescript;
    await expect(runtime.execute(source, {}, as('a'))).rejects.toMatchObject({
      code: 'compilation_error',
      message: expect.stringContaining('nested too deeply'),
    });
    // The parser is not to be trusted after that; the next source has a new one.
    const next = `return ${JSON.stringify(name)} as string`;
    expect((await runtime.execute(next, {}, as('b'))).output).toEqual({ value: name });
    const { erased, failed } = runtime.stats().typescript;
    expect([erased - before.erased, failed - before.failed]).toEqual([1, 1]);
  });
});

describe('a source that pins the parser', () => {
  test('ends as timeout when the time of its run is up, and holds nobody else up', async () => {
    const runtime = await startRuntime();
    await warmUp(runtime);
    const slow = settled(
      runtime.execute(slowSource(), {}, as('a', { limits: { timeoutMs: 1000 } })),
    );
    await busyEraser(process.pid);
    const { output } = await runtime.execute('return 1 as number', {}, as('b'));
    expect(output).toEqual({ value: 1 });
    expect(await slow).toMatchObject({
      code: 'timeout',
      name: 'ExecutionTimeoutError',
      message: 'erasing the types of the source took longer than 1000 ms (timeoutMs)',
    });
  });

  test('is killed when all its time is up, and is not tried again', async () => {
    const eraser = startEraser(700);
    const first = await settled(eraser.erase(request(slowSource())));
    const message = expect.stringContaining('took longer than 700 ms');
    expect(first).toMatchObject({ code: 'timeout', message, executionId: 'run of a' });
    const started = performance.now();
    expect(await settled(eraser.erase(request(slowSource(), 'b')))).toMatchObject({
      code: 'timeout',
      executionId: 'run of b',
    });
    expect(performance.now() - started).toBeLessThan(200);
    expect(eraser.stats).toEqual({ erased: 0, cached: 1, failed: 1 });
    expect(await eraser.erase(request('let a: 1'))).toBe('let a   ');
  });

  test('keeps one process busy, however many of them a tenant sends; others take turns', async () => {
    const eraser = startEraser(2000);
    await eraser.erase(request('let warm: up'));
    const ends: string[] = [];
    const note = (name: string) => (): void => void ends.push(name);
    const slow = [1, 2, 3].map((n) =>
      settled(eraser.erase(request(slowSource(String(n))))).then(note(`slow ${n}`)),
    );
    await busyEraser(process.pid);
    const quick = ['b', 'c', 'b', 'c'].map((tenant, n) =>
      eraser.erase(request(`let x: ${n}`, tenant)).then(note(tenant)),
    );
    await Promise.all(quick);
    expect(ends.filter((name) => name.startsWith('slow')).length).toBeLessThanOrEqual(1);
    expect(erasersOf(process.pid).length).toBeLessThanOrEqual(2);
    await Promise.all(slow);
  });

  test('leaves no room for more than queueLimit runs to wait', async () => {
    const eraser = startEraser(1500, 2);
    const waiting = [1, 2].map((n) => settled(eraser.erase(request(slowSource(String(n))))));
    expect(await settled(eraser.erase(request('let a: 1', 'b')))).toMatchObject({
      code: 'queue_full',
      retryable: true,
    });
    await Promise.all(waiting);
    expect(await eraser.erase(request('let a: 1', 'b'))).toBe('let a   ');
  });
});

describe('a run that waits for its types to be erased', () => {
  test('is cancelled at once by its signal, before and while the parser is on it', async () => {
    const runtime = await startRuntime();
    const reason = new Error('enough');
    const aborted = AbortSignal.abort(reason);
    const cancelled = { code: 'cancelled', name: 'CancelledError', cause: reason };
    await expect(
      runtime.execute('let a: 1', {}, as('a', { signal: aborted })),
    ).rejects.toMatchObject(cancelled);
    expect(erasersOf(process.pid)).toEqual([]);

    await warmUp(runtime);
    const abort = new AbortController();
    const run = settled(runtime.execute(slowSource(), {}, as('a', { signal: abort.signal })));
    const queued = settled(runtime.execute('let b: 1', {}, as('a', { signal: abort.signal })));
    await busyEraser(process.pid);
    abort.abort(reason);
    expect(await run).toMatchObject(cancelled);
    expect(await queued).toMatchObject(cancelled);
    expect(runtime.stats().runs).toEqual({ cancelled: 3 });
  });

  test('is carried on in a new process when one is killed, be it busy or being started', async () => {
    const runtime = await startRuntime();
    await warmUp(runtime);
    const run = runtime.execute(slowSource(), {}, as('a'));
    void run.catch(() => {});
    const behind = runtime.execute('return 1 as number', {}, as('a'));
    process.kill(await busyEraser(process.pid), 'SIGKILL');
    const starting = await vi.waitUntil(() => erasersOf(process.pid)[0], soon);
    process.kill(starting, 'SIGKILL');
    expect(await settled(run)).toMatchObject({ code: 'timeout' });
    expect((await behind).output).toEqual({ value: 1 });
  });

  test('ends as worker_crashed when two of its processes are killed, and the next one has a new one', async () => {
    const runtime = await startRuntime();
    await warmUp(runtime);
    const ends: unknown[] = [];
    const listener = (message: unknown): void => {
      if (['a', 'b'].includes((message as { tenantId: string }).tenantId)) ends.push(message);
    };
    subscribe('cloister:run:end', listener);
    onTestFinished(() => void unsubscribe('cloister:run:end', listener));
    const first = settled(runtime.execute(slowSource(), {}, as('a')));
    const second = settled(runtime.execute(slowSource(), {}, as('b')));
    const behind = runtime.execute('return 1 as number', {}, as('a'));
    const pid = await busyEraser(process.pid);
    process.kill(pid, 'SIGKILL');
    // When another is ready that was started after it, the next is at work.
    await runtime.validateSyntax('let other: source', { language: 'typescript' });
    const next = await busyEraser(process.pid);
    process.kill(next, 'SIGKILL');
    const crashed = { code: 'worker_crashed', name: 'WorkerCrashedError', retryable: true };
    expect(await first).toMatchObject(crashed);
    expect(await second).toMatchObject(crashed);
    expect((await behind).output).toEqual({ value: 1 });
    expect(erasersOf(process.pid)).not.toContain(next);
    expect(ends).toMatchObject([
      { tenantId: 'a', code: 'worker_crashed' },
      { tenantId: 'b', code: 'worker_crashed' },
      { tenantId: 'a', code: 'completed' },
    ]);
  });

  test('is carried to its end by a shutdown that gives it time', async () => {
    const runtime = await startRuntime();
    const run = runtime.execute('return 1 as number', {}, as('a'));
    const shutdown = runtime.shutdown({ graceMs: 20_000 });
    expect((await run).output).toEqual({ value: 1 });
    await shutdown;
    expect(erasersOf(process.pid)).toEqual([]);
  });

  test('ends as pool_closed by a shutdown that does not', async () => {
    const runtime = await startRuntime();
    await warmUp(runtime);
    const run = settled(runtime.execute(slowSource(), {}, as('a')));
    await busyEraser(process.pid);
    await runtime.shutdown({ graceMs: 10 });
    expect(await run).toMatchObject({ code: 'pool_closed' });
    expect(erasersOf(process.pid)).toEqual([]);
    await expect(runtime.execute('let a: 1', {}, as('a'))).rejects.toMatchObject({
      code: 'pool_closed',
    });
  });
});

describe('the eraser process', () => {
  const index = fileURLToPath(new URL('../src/index.ts', import.meta.url));
  const host = (code: string) => {
    const module = `import { createRuntime } from ${JSON.stringify(index)};
      const runtime = await createRuntime({ workers: 1, poolSize: 1 });
      ${code}`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', module], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  };

  test('is not there before the first TypeScript source', async () => {
    const runtime = await startRuntime();
    await runtime.execute('return 1', {}, as('a', { language: 'javascript' }));
    expect(erasersOf(process.pid)).toEqual([]);
    await runtime.execute('return 1', {}, as('a'));
    expect(erasersOf(process.pid)).toHaveLength(1);
  });

  test('does not keep alive a host that has nothing more to do', async () => {
    const child = host(
      `console.log((await runtime.execute('return 1 as number', {}, { language: 'typescript' })).output.value)`,
    );
    const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    expect(output).toBe('1\n');
    expect(status).toBe(0);
  });

  test('does not outlive a host that is killed', async () => {
    const child = host(`await runtime.execute('return 1 as number', {}, { language: 'typescript' });
      console.log('up'); setInterval(() => {}, 1000)`);
    await once(child.stdout, 'data');
    const [pid] = erasersOf(child.pid!);
    expect(pid).toBeTypeOf('number');
    child.kill('SIGKILL');
    await expect.poll(() => alive(pid!), { timeout: 10_000 }).toBe(false);
  });

  test('is given up when it was idle for idleMs', async () => {
    const runtime = await startRuntime({ idleMs: 50 });
    await runtime.execute('return 1 as number', {}, as('a'));
    await expect.poll(() => erasersOf(process.pid), { timeout: 10_000 }).toEqual([]);
    expect((await runtime.execute('return 2 as number', {}, as('a'))).output).toEqual({ value: 2 });
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
