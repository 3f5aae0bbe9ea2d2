import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { CloisterError } from '../src/index.ts';
import { resolveOptions } from '../src/options.ts';

const mebi = 1024 * 1024;

/** The message with which options are refused. */
function refusal(options: unknown): string {
  try {
    resolveOptions(options as Parameters<typeof resolveOptions>[0]);
  } catch (error) {
    expect(error).toBeInstanceOf(CloisterError);
    expect(error).toMatchObject({ code: 'invalid_options', fault: 'caller' });
    return (error as CloisterError).message;
  }
  throw new Error(`${JSON.stringify(options)} was taken`);
}

describe('the defaults', () => {
  test('are those of the design, section 7', () => {
    expect(resolveOptions()).toEqual({
      enabled: true,
      poolSize: 10,
      maxVms: 200,
      workers: availableParallelism(),
      limits: {
        timeoutMs: 30_000,
        cpuMs: 10_000,
        memoryMb: 128,
        apiCalls: 100,
        outputBytes: mebi,
        inputBytes: 4 * mebi,
        sourceBytes: mebi,
        logEntries: 1000,
        logBytes: 256 * 1024,
      },
      realm: 'hardened',
      maxConcurrencyPerTenant: 100,
      queueLimit: 10_000,
      acquireTimeoutMs: 30_000,
      idleMs: 60_000,
      graceMs: 250,
      cacheSize: 1000,
    });
  });

  test('follow maxVms: half of the slots for one tenant, no more warm VMs than there may be', () => {
    expect(resolveOptions({ maxVms: 7 })).toMatchObject({
      poolSize: 7,
      maxConcurrencyPerTenant: 3,
    });
    expect(resolveOptions({ maxVms: 1 })).toMatchObject({
      poolSize: 1,
      maxConcurrencyPerTenant: 1,
    });
  });

  test('hold for what is undefined, and for the limits that are not given', () => {
    const options = { poolSize: undefined, limits: { cpuMs: 5, memoryMb: undefined } };
    expect(resolveOptions(options as object)).toMatchObject({
      poolSize: 10,
      limits: { cpuMs: 5, memoryMb: 128, timeoutMs: 30_000 },
    });
  });

  test('and what was given are frozen, and given options are left alone', () => {
    const given = { limits: { cpuMs: 5 } };
    const options = resolveOptions(given);
    expect(Object.isFrozen(options)).toBe(true);
    expect(Object.isFrozen(options.limits)).toBe(true);
    given.limits.cpuMs = 6;
    expect(options.limits.cpuMs).toBe(5);
  });
});

const numbers = [
  'poolSize',
  'maxVms',
  'workers',
  'maxConcurrencyPerTenant',
  'queueLimit',
  'acquireTimeoutMs',
  'idleMs',
  'graceMs',
];
const wrong = [
  -1,
  1.5,
  Number.NaN,
  Infinity,
  1e300,
  '5',
  'x'.repeat(1e6),
  true,
  null,
  5n,
  [],
  {},
  Symbol('s'),
];

describe('a wrong value', () => {
  test.each(numbers)('of %s is refused by name, with the range', (name) => {
    for (const value of wrong) {
      const message = refusal({ [name]: value });
      expect(message).toMatch(new RegExp(`^${name} must be a whole number from \\d+ to \\d+`));
      expect(message.length).toBeLessThan(300);
    }
  });

  test.each([
    'timeoutMs',
    'cpuMs',
    'memoryMb',
    'apiCalls',
    'outputBytes',
    'inputBytes',
    'sourceBytes',
    'logEntries',
    'logBytes',
  ])('of limits.%s is refused by name, with the range', (name) => {
    for (const value of wrong) {
      expect(refusal({ limits: { [name]: value } })).toMatch(
        new RegExp(`^limits\\.${name} must be a whole number from \\d+ to \\d+`),
      );
    }
  });

  test('of cache.size is refused by name, with the range', () => {
    for (const value of wrong)
      expect(refusal({ cache: { size: value } })).toMatch(/^cache\.size must/);
  });

  test('that cannot be printed is refused like any other', () => {
    const unprintable = [
      Object.create(null),
      {
        toString: () => {
          throw new Error('no');
        },
      },
    ] as unknown[];
    for (const value of unprintable) {
      expect(refusal({ workers: value })).toMatch(/^workers must/);
      expect(refusal({ limits: { cpuMs: value } })).toMatch(/^limits\.cpuMs must/);
    }
  });

  test('of enabled is anything but true and false', () => {
    for (const value of [0, 'true', null, {}])
      expect(refusal({ enabled: value })).toMatch(/^enabled must/);
  });

  test('of realm is anything but the names of the two', () => {
    for (const value of ['soft', '', 'constructor', 1, null, {}]) {
      expect(refusal({ realm: value })).toMatch(/^realm must be/);
    }
    expect(resolveOptions({ realm: 'fresh' }).realm).toBe('fresh');
  });

  test.each(['limits', 'cache'])('of %s is anything but an object', (name) => {
    for (const value of [null, 5, 'x', [], true]) expect(refusal({ [name]: value })).toMatch(name);
  });

  test('of the options themselves is anything but an object', () => {
    for (const value of [null, 5, 'x', [], true])
      expect(refusal(value)).toMatch('options must be an object');
  });

  test('is more warm VMs, or more runs of a tenant, than there may be VMs', () => {
    expect(refusal({ maxVms: 5, poolSize: 6 })).toMatch(/^poolSize must .* to 5/);
    expect(refusal({ maxVms: 5, maxConcurrencyPerTenant: 6 })).toMatch(
      /^maxConcurrencyPerTenant must .* to 5/,
    );
  });
});

test.each([
  [{ poolsize: 1 }, /^poolsize is not an option/],
  [{ store: {} }, /^store is not an option/],
  [{ cache: { store: {} } }, /^cache\.store is not an option/],
  [{ limits: { timeout: 5 } }, /^limits\.timeout is not a limit; the limits are timeoutMs/],
  [{ limits: { constructor: 5 } }, /^limits\.constructor is not a limit/],
  [JSON.parse('{"__proto__":1}') as object, /^__proto__ is not an option/],
  [JSON.parse('{"limits":{"__proto__":1}}') as object, /^limits\.__proto__ is not a limit/],
])('the unknown name in %j is refused', (options, message) => {
  expect(refusal(options)).toMatch(message);
});
