import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CloisterError } from '../src/index.ts';
import {
  checkLimits,
  defaultLimits,
  limitNames,
  limitRules,
  lowerLimits,
  type Limits,
} from '../src/limits.ts';
import { as, failureOf, startRuntime } from './support/runs.ts';

const someLimits = fc.record(
  Object.fromEntries(
    limitNames.map((name) => [
      name,
      fc.integer({ min: limitRules[name].min, max: limitRules[name].max }),
    ]),
  ),
  { requiredKeys: [] },
) as fc.Arbitrary<Partial<Limits>>;

describe('lowerLimits', () => {
  test('takes the lowest of each limit that anybody gave', () => {
    const merged = lowerLimits(
      defaultLimits,
      { timeoutMs: 10, cpuMs: 99_000 },
      { timeoutMs: 20, apiCalls: 0 },
    );
    expect(merged).toEqual({ ...defaultLimits, timeoutMs: 10, apiCalls: 0 });
  });

  test('can never raise one, whatever the tenant and the run say', () => {
    fc.assert(
      fc.property(someLimits, someLimits, (tenant, run) => {
        const merged = lowerLimits(defaultLimits, tenant, run);
        for (const name of limitNames) {
          expect(merged[name]).toBe(
            Math.min(defaultLimits[name], tenant[name] ?? Infinity, run[name] ?? Infinity),
          );
        }
      }),
    );
  });

  test('gives frozen limits and leaves those given alone', () => {
    const tenant = Object.freeze({ cpuMs: 5 });
    expect(Object.isFrozen(lowerLimits(defaultLimits, tenant))).toBe(true);
    expect(lowerLimits(defaultLimits, {}, {})).toEqual(defaultLimits);
  });
});

describe('checkLimits', () => {
  test('takes the least and the greatest value of each limit', () => {
    for (const name of limitNames) {
      const { min, max } = limitRules[name];
      expect(checkLimits({ [name]: min }, 'limits')).toEqual({ [name]: min });
      expect(checkLimits({ [name]: max }, 'limits')).toEqual({ [name]: max });
      for (const value of [min - 1, max + 1]) {
        expect(() => checkLimits({ [name]: value }, 'tenant.limits')).toThrow(
          `tenant.limits.${name} must be a whole number from ${min} to ${max}, not ${value}`,
        );
      }
    }
  });

  test('says that something else than limits is none', () => {
    for (const value of [null, 5, 'x', []]) {
      expect(() => checkLimits(value, 'limits')).toThrow(CloisterError);
    }
  });
});

describe('the limits of a run', () => {
  test('are the lowest of the runtime, its tenant and itself', async () => {
    const runtime = await startRuntime({ workers: 1, poolSize: 1, limits: { outputBytes: 100 } });
    const size = async (tenant: Partial<Limits>, run: Partial<Limits>): Promise<string> => {
      const context = { tenant: { id: 't', limits: tenant }, limits: run };
      return (await failureOf(runtime.execute(`return 'x'.repeat(1000)`, {}, context))).message;
    };
    expect(await size({}, {})).toMatch('100 bytes');
    expect(await size({ outputBytes: 500 }, { outputBytes: 900 })).toMatch('100 bytes');
    expect(await size({ outputBytes: 50 }, { outputBytes: 60 })).toMatch('50 bytes');
    expect(await size({ outputBytes: 60 }, { outputBytes: 40 })).toMatch('40 bytes');
  });

  test('are refused by the name of the field when they are wrong', async () => {
    const runtime = await startRuntime({ workers: 1, poolSize: 0 });
    for (const value of [-1, 0, 1.5, Number.NaN, '5', 1e300, Infinity]) {
      const limits = { timeoutMs: value as number };
      expect(await failureOf(runtime.execute('', {}, as('t', { limits })))).toMatchObject({
        code: 'invalid_options',
        message: expect.stringMatching(/^limits\.timeoutMs must/) as unknown,
      });
      expect(
        await failureOf(runtime.execute('', {}, { tenant: { id: 't', limits } })),
      ).toMatchObject({
        message: expect.stringMatching(/^tenant\.limits\.timeoutMs must/) as unknown,
      });
    }
  });
});
