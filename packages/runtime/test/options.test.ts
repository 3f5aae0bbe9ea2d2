import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { CloisterError } from '../src/index.ts';
import { resolveOptions } from '../src/options.ts';

const mebi = 1024 * 1024;

/** A bytecode store that keeps nothing. */
const store = {
  get: async () => undefined,
  put: async () => {},
  delete: async () => {},
  clear: async () => {},
  close: async () => {},
};

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
      spareWorkers: availableParallelism() > 1 ? 1 : 0,
      maxWorkerMb: expect.any(Number) as number,
      maxWorkerAgeMs: 60 * 60 * 1000,
      placement: 'shared',
      jail: 'auto',
      workerLosses: 2,
      refuseMs: 60_000,
      queueLimitPerTenant: 10_000,
      bindings: [],
      cache: { size: 1000, bytes: 64 * mebi, store: undefined, secret: undefined },
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
    expect(Object.isFrozen(options.cache)).toBe(true);
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

  test.each(['size', 'bytes'])('of cache.%s is refused by name, with the range', (name) => {
    for (const value of wrong) {
      expect(refusal({ cache: { [name]: value } })).toMatch(
        new RegExp(`^cache\\.${name} must be a whole number from \\d+ to \\d+`),
      );
    }
  });

  test.each(['get', 'put', 'delete', 'clear', 'close'])(
    'of cache.store is one that lacks the method %s',
    (name) => {
      for (const value of [undefined, null, 1, {}]) {
        expect(refusal({ cache: { store: { ...store, [name]: value } } })).toBe(
          'cache.store must have the methods get, put, delete, clear, close',
        );
      }
    },
  );

  test('of cache.store is anything that is no object', () => {
    for (const value of [null, 1, 'file.db', true, [], {}, () => {}]) {
      expect(refusal({ cache: { store: value } })).toMatch(/^cache\.store must have the methods/);
    }
  });

  test('of cache.secret is anything but 16 bytes or more', () => {
    const short = ['', 'x'.repeat(15), new Uint8Array(15), Buffer.alloc(0)];
    for (const value of [...short, null, 1, true, {}, [], new ArrayBuffer(16), Array(16).fill(1)]) {
      expect(refusal({ cache: { secret: value } })).toBe('cache.secret must have 16 bytes or more');
    }
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

  test('of jail is anything but the names of the three', () => {
    for (const value of ['on', '', 'Strict', 'constructor', 1, true, null, {}]) {
      expect(refusal({ jail: value })).toBe("jail must be 'auto', 'none' or 'strict'");
    }
    expect(resolveOptions({ jail: 'strict' }).jail).toBe('strict');
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
  [{ cache: { ttl: 5 } }, /^cache\.ttl is not an option/],
  [{ cacheSize: 5 }, /^cacheSize is not an option/],
  [JSON.parse('{"cache":{"__proto__":1}}') as object, /^cache\.__proto__ is not an option/],
  [{ limits: { timeout: 5 } }, /^limits\.timeout is not a limit; the limits are timeoutMs/],
  [{ limits: { constructor: 5 } }, /^limits\.constructor is not a limit/],
  [JSON.parse('{"__proto__":1}') as object, /^__proto__ is not an option/],
  [JSON.parse('{"limits":{"__proto__":1}}') as object, /^limits\.__proto__ is not a limit/],
])('the unknown name in %j is refused', (options, message) => {
  expect(refusal(options)).toMatch(message);
});

describe('the options of the cache', () => {
  test('hold a store as it is, whether its methods are its own or of its class', () => {
    class Store {
      async get(): Promise<undefined> {}
      async put(): Promise<void> {}
      async delete(): Promise<void> {}
      async clear(): Promise<void> {}
      async close(): Promise<void> {}
    }
    const ofClass = new Store();
    expect(resolveOptions({ cache: { store: ofClass } }).cache.store).toBe(ofClass);
    expect(resolveOptions({ cache: { store, bytes: 0, size: 1 } }).cache).toEqual({
      size: 1,
      bytes: 0,
      store,
      secret: undefined,
    });
  });

  test('hold a secret as bytes, of a text those of its UTF-8', () => {
    const secretOf = (secret: string | Uint8Array): readonly number[] => [
      ...resolveOptions({ cache: { secret } }).cache.secret!,
    ];
    const bytes = new Uint8Array(16).fill(7);
    expect(secretOf(bytes)).toEqual([...bytes]);
    expect(secretOf('0123456789abcdef')).toEqual([...Buffer.from('0123456789abcdef')]);
    expect(secretOf('ü'.repeat(8))).toHaveLength(16);
  });
});

test('the largest input and the largest output that may be asked for are 32 MiB', () => {
  for (const name of ['inputBytes', 'outputBytes'] as const) {
    const limits = { [name]: 32 * mebi };
    expect(resolveOptions({ limits }).limits[name]).toBe(32 * mebi);
    expect(refusal({ limits: { [name]: 32 * mebi + 1 } })).toMatch(/ to 33554432, not 33554433$/);
  }
});
