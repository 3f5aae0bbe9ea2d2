import { describe, expect, test } from 'vitest';
import type { Limits, LogEntry } from '../src/index.ts';
import { failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const logsOf = async (source: string, limits: Partial<Limits> = {}) =>
    (await runtime().execute(source, {}, { limits })).logs;
  const bytes = (entries: readonly LogEntry[]) =>
    entries.reduce(
      (sum, { message, data }) =>
        sum + Buffer.byteLength(message) + (data ? Buffer.byteLength(JSON.stringify(data)) : 0),
      0,
    );

  describe('a run that logs too much', () => {
    test('keeps logEntries entries and one marker that says how many were dropped', async () => {
      const entries = await logsOf('for (let i = 0; i < 25; i++) console.log(i)', {
        logEntries: 10,
      });
      expect(entries).toHaveLength(11);
      expect(entries.slice(0, 10).map(({ message }) => message)).toEqual(Array.from('0123456789'));
      expect(entries[10]).toMatchObject({ level: 'warn' });
      expect(entries[10]?.message).toMatch(/^15 more console entries dropped/);
    });

    test('keeps exactly logEntries entries without a marker', async () => {
      const entries = await logsOf('for (let i = 0; i < 10; i++) console.log(i)', {
        logEntries: 10,
      });
      expect(entries.map(({ message }) => message)).toEqual(Array.from('0123456789'));
    });

    test('counts one dropped entry as one', async () => {
      const entries = await logsOf('console.log(1); console.log(2)', { logEntries: 1 });
      expect(entries[1]?.message).toMatch(/^1 more console entry dropped/);
    });

    test('may be given no entries at all', async () => {
      const entries = await logsOf('console.log(1); console.log(2)', { logEntries: 0 });
      expect(entries).toHaveLength(1);
      expect(entries[0]?.message).toMatch(/^2 more console entries dropped/);
    });

    test('keeps at most logBytes bytes of messages and data', async () => {
      const entries = await logsOf('for (let i = 0; i < 100; i++) console.log("x".repeat(50), i)', {
        logBytes: 1000,
      });
      const kept = entries.slice(0, -1);
      expect(kept.length).toBeGreaterThan(5);
      expect(bytes(kept)).toBeLessThanOrEqual(1000);
      expect(entries.at(-1)?.message).toMatch(/dropped/);
      expect(Number.parseInt(entries.at(-1)!.message, 10)).toBe(100 - kept.length);
    });

    test.each([
      'console.log("x".repeat(5000))',
      'console.log({ a: "x".repeat(5000) })',
      'console.log(Array.from({ length: 100 }, (_, n) => ({ n, text: "the text" })))',
    ])('keeps what there is room for of a line that is too long: %s', async (source) => {
      const entries = await logsOf(source, { logBytes: 1000 });
      expect(entries).toHaveLength(1);
      expect(entries[0]?.message).toContain('…');
      expect(bytes(entries)).toBeLessThanOrEqual(1000);
      expect(bytes(entries)).toBeGreaterThan(950);
    });

    test('has its bytes counted in UTF-8', async () => {
      for (const text of ['漢', '👍', 'é']) {
        const source = `for (let i = 0; i < 100; i++) console.log(${JSON.stringify(text.repeat(20))})`;
        const entries = await logsOf(source, { logBytes: 600 });
        const kept = entries.slice(0, -1);
        expect(kept.length).toBeGreaterThanOrEqual(4);
        expect(bytes(kept)).toBeLessThanOrEqual(600);
        expect(Number.parseInt(entries.at(-1)!.message, 10)).toBe(100 - kept.length);
      }
    });

    test('keeps a multi-byte message that fits exactly', async () => {
      const entries = await logsOf('console.log("漢漢")', { logBytes: 6 });
      expect(entries.map(({ message }) => message)).toEqual(['漢漢']);
    });

    test('does not stop because of it, and is told nothing', async () => {
      const { output } = await runtime().execute(
        'let r; for (let i = 0; i < 10_000; i++) r = console.log("x".repeat(100)); return r === undefined',
        {},
        { limits: { logBytes: 1000 } },
      );
      expect(output).toEqual({ value: true });
    });

    test('keeps what a huge message had room for, or its marker', async () => {
      const entries = await logsOf('console.log("x".repeat(1e7)); console.log("later")', {
        logBytes: 2000,
      });
      expect(bytes(entries.slice(0, -1))).toBeLessThanOrEqual(2000);
      expect(entries.at(-1)?.message).toMatch(/dropped/);
    });

    test('shows the marker to onLog too', async () => {
      const seen: LogEntry[] = [];
      const { logs } = await runtime().execute(
        'for (;;) { console.log(1); if (ctx.n) break; ctx.n = 1 }',
        {},
        {
          limits: { logEntries: 1 },
          onLog: (entry) => seen.push(entry),
        },
      );
      expect(seen).toEqual(logs);
    });
  });

  describe('a run that is ended keeps its logs:', () => {
    const waits = 'await new Promise((resolve) => setTimeout(resolve, 20));';
    test.each([
      ['a loop beyond timeoutMs', 'for (;;);', { timeoutMs: 1500 }, 'timeout'],
      ['a wait beyond timeoutMs', 'await new Promise(() => {})', { timeoutMs: 1500 }, 'timeout'],
      ['a loop beyond cpuMs', 'for (;;);', { cpuMs: 100 }, 'cpu_limit'],
      [
        'a heap beyond memoryMb',
        'const a = []; for (;;) a.push(new Array(1000).fill({}))',
        { memoryMb: 16 },
        'memory_limit',
      ],
      [
        'an output beyond outputBytes',
        'return "x".repeat(100)',
        { outputBytes: 10 },
        'output_limit',
      ],
      ['an output that is no JSON', 'return 1n', {}, 'output_invalid'],
      ['a throw', 'throw new Error("x")', {}, 'script_error'],
    ])('%s', async (_, end, limits, code) => {
      const source = `console.log("one", 1); ${waits} console.warn("two"); ${waits} ${end}`;
      const error = await failure(runtime().execute(source, {}, { limits }));
      expect(error.code).toBe(code);
      expect(error.logs).toMatchObject([
        { level: 'info', message: 'one 1', data: [1] },
        { level: 'warn', message: 'two' },
      ]);
    });

    test('a loop that logs all the time ends with a marker', async () => {
      const error = await failure(
        runtime().execute(
          'for (let i = 0; ; i++) console.log(i)',
          {},
          {
            limits: { timeoutMs: 1500, logEntries: 10 },
          },
        ),
      );
      expect(error.code).toBe('timeout');
      expect(error.logs).toHaveLength(11);
      expect(error.logs.slice(0, 10).map(({ message }) => message)).toEqual(
        Array.from('0123456789'),
      );
      expect(error.logs[10]?.message).toMatch(/^\d+ more console entries dropped/);
    });
  });
});
