import { describe, expect, test } from 'vitest';
import type { Limits, RunContext } from '../src/index.ts';
import { expectHealthy, failure, realms, useRuntime } from './support/runtime.ts';

const wait = (ms: number) => `await new Promise((resolve) => setTimeout(resolve, ${ms}));`;

describe.each(realms)('the clocks of a run, in a %s realm:', (realm) => {
  const runtime = useRuntime({ realm });
  const failureOf = async (source: string, limits: Partial<Limits>, rest: RunContext = {}) =>
    failure(runtime().execute(source, {}, { ...rest, limits }));

  describe('timeoutMs', () => {
    test.each([
      ['a loop before the first await', 'for (;;);'],
      ['a loop between two awaits', `${wait(5)} for (;;); ${wait(5)}`],
      ['a loop after the last await', `${wait(5)} await null; for (;;);`],
      ['a promise that never settles', 'await new Promise(() => {})'],
      ['a returned promise that never settles', 'return new Promise(() => {})'],
      ['a thenable that never settles', 'return { then() {} }'],
      ['a wait that is too long', wait(20_000)],
      ['microtasks without end', 'for (;;) await null'],
      ['thens without end', 'const spin = () => Promise.resolve().then(spin); await spin()'],
      [
        'timers without end',
        'const again = () => setTimeout(again, 0); again(); await new Promise(() => {})',
      ],
      ['a loop in a timer', `setTimeout(() => { for (;;); }, 5); ${wait(20_000)}`],
      ['a loop in a promise reaction', 'await Promise.resolve().then(() => { for (;;); })'],
      [
        'a loop in an async generator',
        'for await (const n of (async function* () { for (;;) yield 1 })());',
      ],
      ['a loop in toJSON', 'return { toJSON() { for (;;); } }'],
      ['a loop in a getter of the output', 'return { get a() { for (;;); } }'],
      [
        'a loop in the message of a thrown value',
        'throw Object.defineProperty(new Error(), "message", { get() { for (;;); } })',
      ],
      ['a loop in what is logged', 'console.log("%s", { toString() { for (;;); } })'],
      ['a loop after return, in finally', 'try { return 1 } finally { for (;;); }'],
      ['a loop while an unhandled rejection is pending', 'Promise.reject(1); for (;;);'],
      ['a catastrophic regular expression', '/^(a+)+$/.test("a".repeat(60) + "!")'],
    ])('ends %s', async (_, source) => {
      const error = await failureOf(source, { timeoutMs: 250 });
      expect(error).toMatchObject({
        code: 'timeout',
        name: 'ExecutionTimeoutError',
        fault: 'script',
        retryable: false,
      });
      expect(error.message).toContain('250 ms (timeoutMs)');
      expect(error.usage.wallMs).toBeGreaterThanOrEqual(249);
      expect(error.usage.wallMs).toBeLessThan(10_000);
      await expectHealthy(runtime());
    });

    test('is not breached by a run that ends in time, though it waits', async () => {
      const { output } = await runtime().execute(
        `${wait(50)} return 1`,
        {},
        { limits: { timeoutMs: 15_000 } },
      );
      expect(output).toEqual({ value: 1 });
    });

    test('says that nothing could have ended the wait, when that is so', async () => {
      const idle = await failureOf('await new Promise(() => {})', { timeoutMs: 1500 });
      expect(idle.message).toMatch(/nothing could settle/);
      const waiting = await failureOf(wait(20_000), { timeoutMs: 1500 });
      expect(waiting.message).not.toMatch(/nothing could settle/);
    });

    test('is the lowest of those of the runtime, the tenant and the run', async () => {
      for (const [tenantMs, runMs] of [
        [200, 20_000],
        [20_000, 200],
        [200, undefined],
      ] as const) {
        const limits = runMs === undefined ? {} : { timeoutMs: runMs };
        const error = await failureOf('for (;;);', limits, {
          tenant: { id: 't', limits: { timeoutMs: tenantMs } },
        });
        expect(error.message).toContain('200 ms (timeoutMs)');
      }
    });
  });

  describe('cpuMs', () => {
    test.each([
      ['a loop', 'for (;;);'],
      ['a loop after an await', `${wait(5)} for (;;);`],
      ['microtasks without end', 'for (;;) await null'],
      [
        'work between waits',
        `for (;;) { const end = Date.now() + 30; while (Date.now() < end); ${wait(1)} }`,
      ],
    ])('ends %s', async (_, source) => {
      const error = await failureOf(source, { cpuMs: 150, timeoutMs: 25_000 });
      expect(error).toMatchObject({ code: 'cpu_limit', name: 'CpuLimitError', fault: 'script' });
      expect(error.message).toContain('150 ms on a core (cpuMs)');
      expect(error.usage.cpuMs).toBeGreaterThan(100);
    });

    test('does not count waiting', async () => {
      const { output, usage } = await runtime().execute(
        `${wait(600)} return 1`,
        {},
        { limits: { cpuMs: 400 } },
      );
      expect(output).toEqual({ value: 1 });
      expect(usage.cpuMs).toBeLessThan(400);
      expect(usage.wallMs).toBeGreaterThanOrEqual(590);
    });
  });

  test.each([
    ['timeout', { timeoutMs: 1000 }],
    ['cpu_limit', { cpuMs: 300 }],
  ] as const)('no try, catch, finally or then of the script sees a %s', async (code, limits) => {
    for (const loop of [
      'try { for (;;); } catch { console.log("seen") } finally { console.log("seen") }',
      'await (async () => { for (;;); })().catch(() => console.log("seen")).finally(() => console.log("seen"));',
      'for (;;) { try { for (;;); } catch { continue } finally { continue } }',
      'using seen = { [Symbol.dispose]() { console.log("seen") } }; for (;;);',
    ]) {
      const error = await failureOf(
        `console.log("begun"); ${loop} console.log("seen"); return "seen"`,
        limits,
      );
      expect(error.code).toBe(code);
      expect(error.logs.map(({ message }) => message)).toEqual(['begun']);
    }
  });
});
