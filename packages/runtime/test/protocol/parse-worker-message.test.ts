import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseWorkerMessage, ProtocolError } from '../../src/protocol/parse-worker-message.ts';
import { workerFailureCodes, type WorkerMessage } from '../../src/protocol/messages.ts';
import { isWellTyped } from '../support/well-typed.ts';

const usage = { wallMs: 1.5, cpuMs: 0, heapBytes: 2 ** 40 };
const thrown = { name: 'TypeError', message: 'm', stack: 's', line: 3, column: 9 };
const settled = {
  type: 'settled',
  run: 9,
  usage,
  waited: false,
  longestTurnMs: 0.5,
  droppedLogs: 2,
  compiled: 'kept',
  healthy: false,
} as const;

const valid: readonly (readonly [title: string, message: WorkerMessage])[] = [
  ['ready', { type: 'ready', versions: { node: '26.10.0', v8: '14', codeTag: '7' } }],
  ['unusable', { type: 'unusable', reason: 'no addon' }],
  ['pong', { type: 'pong' }],
  ['vm-ready', { type: 'vm-ready', vm: 0 }],
  ['vm-failed', { type: 'vm-failed', vm: Number.MAX_SAFE_INTEGER, reason: '' }],
  ['vm-gone', { type: 'vm-gone', vm: 7 }],
  ['vm-outgrown', { type: 'vm-outgrown', vm: 7 }],
  ['outgrown', { type: 'outgrown' }],
  ['log without lines', { type: 'log', run: 4, lines: [] }],
  [
    'log of all levels',
    {
      type: 'log',
      run: 4,
      lines: (['debug', 'info', 'warn', 'error'] as const).map((level) => ({
        level,
        message: 'x',
        data: '[1]',
      })),
    },
  ],
  ['log without data', { type: 'log', run: 4, lines: [{ level: 'info', message: '' }] }],
  [
    'log of a method',
    {
      type: 'log',
      run: 4,
      lines: [{ level: 'warn', message: '', origin: { binding: 0, method: 2 } }],
    },
  ],
  ['calls', { type: 'calls', run: 4, calls: [{ call: 1, binding: 0, method: 3, args: '[]' }] }],
  ['no calls', { type: 'calls', run: 4, calls: [] }],
  ['abort-call', { type: 'abort-call', run: 4, call: 2 }],
  ['quick', { type: 'quick', run: 4 }],
  ['returned', { type: 'returned', run: 4, begun: true }],
  ['waits', { type: 'waits', run: 4 }],
  ['completed, none', { type: 'completed', runs: [], heapBytes: 0, healthy: true }],
  [
    'completed',
    {
      type: 'completed',
      runs: [
        [4, {}, 0.5, 0],
        [5, { a: [1, null] }, 0, 1e9],
      ],
      heapBytes: 1.5,
      healthy: false,
    },
  ],
  ['computes', { type: 'computes', run: 4 }],
  ['code', { type: 'code', source: 3, bytes: new Uint8Array([1, 2]) }],
  ['code of no bytes', { type: 'code', source: 3, bytes: new Uint8Array() }],
  ...(['kept', 'code', 'source', 'refused'] as const).map(
    (compiled) =>
      [
        `completed, compiled as ${compiled}`,
        { ...settled, outcome: { status: 'completed', output: '{}' }, compiled },
      ] as const,
  ),
  ['completed', { ...settled, outcome: { status: 'completed', output: '{}' }, healthy: true }],
  ...workerFailureCodes.map(
    (code) =>
      [
        `failed with ${code}`,
        { ...settled, outcome: { status: 'failed', code, message: 'm' } },
      ] as const,
  ),
  [
    'failed with everything',
    {
      ...settled,
      outcome: {
        status: 'failed',
        code: 'script_error',
        message: 'm',
        line: 1,
        column: 2,
        thrown: { ...thrown, cause: { ...thrown, cause: { name: '', message: '', stack: '' } } },
      },
    },
  ],
];
const messages = valid.map(([, message]) => message);

/** The output of a completed run is the script's affair: any map. */
const outputPath = /^runs\.\d+\.1$/;

/** Where a message has fields and elements, with the optional ones marked. */
function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (outputPath.test(path.join('.'))) return [];
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([key, part]) => {
    const here = [...path, key];
    return [here, ...pathsOf(part, here)];
  });
}

/** A copy with one field put, or left out for `undefined`. */
function withField(message: unknown, path: readonly string[], value: unknown): unknown {
  const copy = structuredClone(message) as Record<string, unknown>;
  let holder = copy;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  const last = path.at(-1)!;
  if (value === undefined) delete holder[last];
  else Object.defineProperty(holder, last, { value, enumerable: true, configurable: true });
  return copy;
}

const optional = new Set(['data', 'origin', 'line', 'column', 'thrown', 'cause']);

describe('parseWorkerMessage', () => {
  test.each(valid)('passes %s unchanged', (_title, message) => {
    expect(parseWorkerMessage(structuredClone(message))).toStrictEqual(message);
  });

  test.each(valid)('refuses %s with any one field of another type', (_title, message) => {
    const bad = [null, true, -1, Number.NaN, 'nonsense', [], {}, [{}], { length: 0 }];
    for (const path of pathsOf(message)) {
      const good = path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], message);
      const others = bad.filter(
        (value) => typeof value !== typeof good || typeof good === 'object',
      );
      for (const value of others) {
        if (Array.isArray(good) && Array.isArray(value) && value.length === 0) continue;
        const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
        if (outputPath.test(path.join('.')) && isMap) continue;
        const changed = withField(message, path, value);
        expect(() => parseWorkerMessage(changed), JSON.stringify(changed)).toThrow(ProtocolError);
      }
    }
  });

  test.each(valid)('refuses %s with any one field missing that it must have', (_title, message) => {
    for (const path of pathsOf(message)) {
      if (optional.has(path.at(-1)!) || /^\d+$/.test(path.at(-1)!)) continue;
      const changed = withField(message, path, undefined);
      expect(() => parseWorkerMessage(changed), path.join('.')).toThrow(ProtocolError);
    }
  });

  test.each([-1, 1.5, 2 ** 53, Infinity, Number.NaN, '1', null])('refuses %s as an id', (id) => {
    expect(() => parseWorkerMessage({ type: 'vm-gone', vm: id })).toThrow(ProtocolError);
    expect(() => parseWorkerMessage({ type: 'log', run: id, lines: [] })).toThrow(ProtocolError);
    const outcome = { status: 'completed', output: '{}' };
    expect(() => parseWorkerMessage({ ...settled, outcome, run: id })).toThrow(ProtocolError);
  });

  test.each(valid)('drops fields of %s that it does not know', (_title, message) => {
    const holders = [[], ...pathsOf(message)].filter((path) => {
      const at = path.reduce<unknown>(
        (part, key) => (part as Record<string, unknown>)[key],
        message,
      );
      const isOutput = outputPath.test(path.join('.'));
      return (
        typeof at === 'object' && !Array.isArray(at) && !(at instanceof Uint8Array) && !isOutput
      );
    });
    for (const path of holders) {
      const more = withField(message, [...path, 'extra'], { evil: true });
      expect(parseWorkerMessage(more)).toStrictEqual(message);
    }
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', ''])(
    'refuses the type and the code %j',
    (name) => {
      expect(() => parseWorkerMessage({ type: name })).toThrow(ProtocolError);
      const outcome = { status: 'failed', code: name, message: '' };
      expect(() => parseWorkerMessage({ ...settled, outcome })).toThrow(ProtocolError);
    },
  );

  test.each(['__proto__', 'constructor', '', 'Kept', 'vm', 'miss'])(
    'refuses %j as the way in which a script was compiled',
    (compiled) => {
      const outcome = { status: 'completed', output: '{}' };
      expect(() => parseWorkerMessage({ ...settled, outcome, compiled })).toThrow(ProtocolError);
    },
  );

  test.each([{ at: 0, length: 0 }, new ArrayBuffer(4), [1, 2], 'bytes', 4])(
    'refuses %j as an attachment',
    (bytes) => {
      expect(() => parseWorkerMessage({ type: 'code', source: 1, bytes })).toThrow(ProtocolError);
    },
  );

  test('takes nothing from a key named __proto__', () => {
    const text = '{"type":"vm-gone","__proto__":{"vm":1},"constructor":{"vm":1}}';
    expect(() => parseWorkerMessage(JSON.parse(text))).toThrow(ProtocolError);
    const whole = JSON.parse('{"type":"vm-gone","vm":1,"__proto__":{"a":1}}') as unknown;
    const parsed = parseWorkerMessage(whole);
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    expect(parsed).toStrictEqual({ type: 'vm-gone', vm: 1 });
  });

  test('refuses causes that nest without end, and does not run out of stack', () => {
    let nested: Record<string, unknown> = thrown;
    for (let depth = 0; depth < 100_000; depth++) nested = { ...thrown, cause: nested };
    const outcome = { status: 'failed', code: 'script_error', message: '', thrown: nested };
    expect(() => parseWorkerMessage({ ...settled, outcome })).toThrow(ProtocolError);
  });

  test('names the field in its error and never what stood there', () => {
    const secret = 'hunter2 /home/us';
    for (const value of [{ type: secret }, { type: 'vm-gone', vm: secret }, secret]) {
      expect(() => parseWorkerMessage(value)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(secret) as unknown }),
      );
    }
    expect(() => parseWorkerMessage({ type: 'vm-gone' })).toThrow(/\bvm\b/);
  });

  test('never passes arbitrary JSON as something with wrong types', () => {
    fc.assert(fc.property(fc.jsonValue(), passesOnlyWhatFits), { numRuns: 2000 });
  });

  test('never passes a message with an arbitrary part as something with wrong types', () => {
    const changed = fc
      .constantFrom(...messages)
      .chain((message) =>
        fc
          .tuple(fc.constantFrom(...pathsOf(message)), fc.jsonValue())
          .map(([path, value]) => withField(message, path, value)),
      );
    fc.assert(fc.property(changed, passesOnlyWhatFits), { numRuns: 5000 });
  });
});

function passesOnlyWhatFits(value: unknown): void {
  let parsed: unknown;
  try {
    parsed = parseWorkerMessage(value);
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return;
  }
  expect(isWellTyped(parsed)).toBe(true);
}
