import { describe, expect, test } from 'vitest';
import { CloisterError, loadOptionsFromEnv, type RuntimeOptions } from '../src/index.ts';
import { limitNames, limitRules } from '../src/limits.ts';
import { environmentVariables, resolveOptions } from '../src/options.ts';

const secret = 'sixteen letters!';

/** Each variable with a value, and the options that it makes. */
const variables: readonly (readonly [name: string, value: string, options: RuntimeOptions])[] = [
  ['SCRIPTS_ENABLED', 'false', { enabled: false }],
  ['SCRIPT_JAIL', 'strict', { jail: 'strict' }],
  ['SCRIPT_VM_POOL_SIZE', '3', { poolSize: 3 }],
  ['SCRIPT_MAX_VMS', '30', { maxVms: 30 }],
  ['SCRIPT_WORKERS', '4', { workers: 4 }],
  ['SCRIPT_MAX_CONCURRENCY_PER_TENANT', '5', { maxConcurrencyPerTenant: 5 }],
  ['SCRIPT_QUEUE_LIMIT', '0', { queueLimit: 0 }],
  ['SCRIPT_ACQUIRE_TIMEOUT_MS', '6', { acquireTimeoutMs: 6 }],
  ['SCRIPT_IDLE_MS', '7', { idleMs: 7 }],
  ['SCRIPT_GRACE_MS', '8', { graceMs: 8 }],
  ['SCRIPT_SPARE_WORKERS', '3', { spareWorkers: 3 }],
  ['SCRIPT_MAX_WORKER_MB', '4096', { maxWorkerMb: 4096 }],
  ['SCRIPT_MAX_WORKER_AGE_MS', '5000', { maxWorkerAgeMs: 5000 }],
  ['SCRIPT_WORKER_LOSSES', '3', { workerLosses: 3 }],
  ['SCRIPT_REFUSE_MS', '9', { refuseMs: 9 }],
  ['SCRIPT_QUEUE_LIMIT_PER_TENANT', '7', { queueLimitPerTenant: 7 }],
  ['SCRIPT_CACHE_SIZE', '9', { cache: { size: 9 } }],
  ['SCRIPT_CACHE_SECRET', secret, { cache: { secret } }],
  ['SCRIPT_TIMEOUT_MS', '10', { limits: { timeoutMs: 10 } }],
  ['SCRIPT_MAX_CPU_MS', '11', { limits: { cpuMs: 11 } }],
  ['SCRIPT_MAX_MEMORY_MB', '12', { limits: { memoryMb: 12 } }],
  ['SCRIPT_MAX_API_CALLS', '0', { limits: { apiCalls: 0 } }],
  ['SCRIPT_MAX_OUTPUT_BYTES', '14', { limits: { outputBytes: 14 } }],
  ['SCRIPT_MAX_INPUT_BYTES', '15', { limits: { inputBytes: 15 } }],
  ['SCRIPT_MAX_SOURCE_BYTES', '16', { limits: { sourceBytes: 16 } }],
  ['SCRIPT_MAX_LOG_ENTRIES', '17', { limits: { logEntries: 17 } }],
  ['SCRIPT_MAX_LOG_BYTES', '18', { limits: { logBytes: 18 } }],
];
/** Variables that hold a text, or a flag. */
const texts = ['SCRIPTS_ENABLED', 'SCRIPT_JAIL', 'SCRIPT_CACHE_SECRET'];
const numeric = variables.map(([name]) => name).filter((name) => !texts.includes(name));

function refusal(env: Record<string, string>): string {
  try {
    loadOptionsFromEnv(env);
  } catch (error) {
    expect(error).toBeInstanceOf(CloisterError);
    expect(error).toMatchObject({ code: 'invalid_options' });
    return (error as CloisterError).message;
  }
  throw new Error(`${JSON.stringify(env)} was taken`);
}

describe('loadOptionsFromEnv', () => {
  test('reads the variables of this list and no other', () => {
    expect([...environmentVariables].toSorted()).toEqual(
      variables.map(([name]) => name).toSorted(),
    );
  });

  test.each(variables)('reads %s=%s', (name, value, options) => {
    expect(loadOptionsFromEnv({ [name]: value, OTHER: '1' })).toEqual(options);
    if (name === 'SCRIPT_CACHE_SECRET') return;
    expect(loadOptionsFromEnv({ [name]: ` ${value}\n` })).toEqual(options);
  });

  test('takes SCRIPT_CACHE_SECRET as it is, white space included', () => {
    const value = ` ${secret}\n`;
    expect(loadOptionsFromEnv({ SCRIPT_CACHE_SECRET: value })).toEqual({
      cache: { secret: value },
    });
  });

  test('refuses a SCRIPT_CACHE_SECRET that is too short by name, and does not show it', () => {
    const message = refusal({ SCRIPT_CACHE_SECRET: 'hunter2-hunter2' });
    expect(message).toBe('SCRIPT_CACHE_SECRET must have 16 characters or more');
  });

  test('reads the size of the cache and its secret into one option', () => {
    expect(loadOptionsFromEnv({ SCRIPT_CACHE_SIZE: '9', SCRIPT_CACHE_SECRET: secret })).toEqual({
      cache: { size: 9, secret },
    });
  });

  test('reads all of them at once into options that createRuntime takes', () => {
    const env = Object.fromEntries(variables);
    const options = loadOptionsFromEnv(env);
    expect(resolveOptions(options)).toMatchObject({
      workers: 4,
      cache: { size: 9, secret: Buffer.from(secret) },
      limits: { logBytes: 18 },
    });
    expect(Object.keys(options.limits!)).toEqual(limitNames);
  });

  test('gives no options for an environment that sets none', () => {
    expect(loadOptionsFromEnv({})).toEqual({});
    expect(loadOptionsFromEnv({ PATH: '/bin', SCRIPT_TIMEOUT_MS: undefined })).toEqual({});
  });

  test('reads the environment of the process when it is given none', () => {
    expect(loadOptionsFromEnv()).toEqual(loadOptionsFromEnv(process.env));
  });

  test.each(environmentVariables)('counts an empty %s as not set', (name) => {
    expect(loadOptionsFromEnv({ [name]: '' })).toEqual({});
  });

  test.each(numeric)('names %s when its value is no whole number', (name) => {
    for (const value of [
      'abc',
      '-1',
      '1.5',
      '1e3',
      '0x10',
      ' ',
      '1 000',
      '٣',
      'NaN',
      'Infinity',
      '9'.repeat(30),
      'true',
    ]) {
      expect(refusal({ [name]: value })).toMatch(new RegExp(`^${name} must be a whole number`));
    }
  });

  test.each(limitNames)('names the variable of %s when its value is out of range', (limit) => {
    const { env, min, max } = limitRules[limit];
    expect(loadOptionsFromEnv({ [env]: String(min) })).toEqual({ limits: { [limit]: min } });
    expect(loadOptionsFromEnv({ [env]: String(max) })).toEqual({ limits: { [limit]: max } });
    expect(refusal({ [env]: String(max + 1) })).toMatch(new RegExp(`^${env} must .* to ${max}`));
    if (min > 0)
      expect(refusal({ [env]: String(min - 1) })).toMatch(
        `${env} must be a whole number from ${min}`,
      );
  });

  test.each([
    ['SCRIPT_VM_POOL_SIZE', '10001'],
    ['SCRIPT_MAX_VMS', '10001'],
    ['SCRIPT_WORKERS', '257'],
    ['SCRIPT_MAX_CONCURRENCY_PER_TENANT', '10001'],
    ['SCRIPT_ACQUIRE_TIMEOUT_MS', '3600001'],
    ['SCRIPT_IDLE_MS', '86400001'],
    ['SCRIPT_GRACE_MS', '60001'],
    ['SCRIPT_QUEUE_LIMIT', '10000001'],
    ['SCRIPT_CACHE_SIZE', '1000001'],
  ])('names %s when no runtime would take its value %s', (name, value) => {
    expect(refusal({ [name]: value })).toMatch(new RegExp(`^${name} must be a whole number`));
  });

  test.each(['true', '1', 'yes', 'on', 'TRUE', ' On '])(
    'takes SCRIPTS_ENABLED=%s as true',
    (value) => {
      expect(loadOptionsFromEnv({ SCRIPTS_ENABLED: value })).toEqual({ enabled: true });
    },
  );

  test.each(['false', '0', 'no', 'off', 'False', ' OFF '])(
    'takes SCRIPTS_ENABLED=%s as false',
    (value) => {
      expect(loadOptionsFromEnv({ SCRIPTS_ENABLED: value })).toEqual({ enabled: false });
    },
  );

  test.each(['maybe', '2', ' ', 'falsch', 'null'])(
    'refuses SCRIPTS_ENABLED=%s by name',
    (value) => {
      expect(refusal({ SCRIPTS_ENABLED: value })).toMatch(/^SCRIPTS_ENABLED must be true or false/);
    },
  );

  test('shows no more of a wrong value than its beginning', () => {
    for (const name of ['SCRIPTS_ENABLED', 'SCRIPT_WORKERS', 'SCRIPT_CACHE_SIZE']) {
      expect(refusal({ [name]: 'x'.repeat(1e6) }).length).toBeLessThan(200);
    }
  });
});
