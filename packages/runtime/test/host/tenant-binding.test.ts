import { expect, test } from 'vitest';
import { recordEvents } from '../support/channels.ts';
import { as, codeOf, startRuntime } from '../support/runs.ts';

/**
 * Leaves the name of the tenant everywhere that a script can reach, and tells what it found there.
 * A VM that served another tenant before would betray it by any of these.
 */
const probe = `
  const places = [globalThis, Object, Object.prototype, Array.prototype, Function.prototype,
    Promise, String.prototype, Error, Math, JSON, console, Symbol.for('mark')?.constructor?.prototype];
  const found = places.map((place) => place?.leftBehind).filter((name) => name !== undefined);
  for (const place of places) {
    try { Object.defineProperty(place, 'leftBehind', { value: ctx.tenant.id, configurable: true }); } catch {}
  }
  return { found, tenant: ctx.tenant.id }`;

/** Runs of tenants in an order in which each comes back after all the others. */
function tenantAt(index: number, count: number): string {
  return `tenant-${(index * 7) % count}`;
}

test('a VM that was given to one tenant is never given to a second, under eviction and growth', async () => {
  const events = recordEvents();
  const runtime = await startRuntime({ poolSize: 2, maxVms: 4, workers: 2, idleMs: 100 });
  const runs = Array.from({ length: 200 }, (_, index) => {
    const tenant = tenantAt(index, 10);
    return runtime.execute(probe, {}, as(tenant)).then(({ output }) => ({ tenant, output }));
  });
  for (const { tenant, output } of await Promise.all(runs)) {
    expect(output).toEqual({ found: [], tenant });
  }
  // Each VM ends in the name of at most one tenant, and each in its own.
  const ended = events.of('cloister:vm:destroy');
  expect(new Set(ended.map(({ vm }) => vm)).size).toBe(ended.length);
  expect(ended.filter(({ reason }) => reason === 'evicted').length).toBeGreaterThan(0);
});

test('a VM in which a run failed, by whatever way, is not given to another tenant either', async () => {
  const runtime = await startRuntime({
    poolSize: 1,
    maxVms: 2,
    workers: 1,
    limits: { timeoutMs: 300, memoryMb: 32 },
  });
  const ends = {
    completed: 'return 1',
    script_error: `throw new Error('x')`,
    output_invalid: 'return 1n',
    compilation_error: 'return (',
    timeout: 'await new Promise(() => {})',
  };
  for (const [code, source] of Object.entries(ends)) {
    const script =
      code === 'compilation_error'
        ? source
        : `try { globalThis.leftBehind = 'a' } catch {} ${source}`;
    expect(await codeOf(runtime.execute(script, {}, as('a')))).toBe(code);
    expect((await runtime.execute(probe, {}, as('b'))).output).toEqual({ found: [], tenant: 'b' });
  }
});

test('tenants whose names mean something to JavaScript are tenants like any other', async () => {
  const runtime = await startRuntime({ poolSize: 1, maxVms: 2, workers: 1 });
  const names = [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    ' ',
    '\0',
    '🦊'.repeat(128),
  ];
  for (const name of names) {
    expect((await runtime.execute(probe, {}, as(name))).output).toEqual({
      found: [],
      tenant: name,
    });
  }
  for (const name of ['', 'x'.repeat(257)]) {
    expect(await codeOf(runtime.execute(probe, {}, as(name)))).toBe('invalid_context');
  }
});
