import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as bindings from '../src/bindings/index.ts';
import * as runtime from '../src/index.ts';

const text = readFileSync(new URL('../src/index.ts', import.meta.url), 'utf8');

/** The names in the `export {…}` or `export type {…}` lists of the entry point. */
function listed(form: 'export' | 'export type'): string[] {
  const lists = text.matchAll(new RegExp(`^${form} \\{([^}]*)\\}`, 'gm'));
  const names = [...lists].flatMap(([, list]) => list!.split(','));
  return names
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .toSorted();
}

test('the package exports these values and no others', () => {
  expect(Object.keys(runtime).toSorted()).toEqual([
    'AcquireTimeoutError',
    'ApiCallLimitError',
    'BindingError',
    'CancelledError',
    'CloisterError',
    'CompilationError',
    'CpuLimitError',
    'ExecutionTimeoutError',
    'MemoryLimitError',
    'OutputError',
    'PoolClosedError',
    'QueueFullError',
    'ScriptError',
    'ScriptRefusedError',
    'WorkerCrashedError',
    'createRuntime',
    'defineBinding',
    'errorTable',
    'loadOptionsFromEnv',
  ]);
});

test('its bindings are these and no others', () => {
  expect(Object.keys(bindings).toSorted()).toEqual([
    'BindingError',
    'applyTenantPolicies',
    'cache',
    'db',
    'defineBinding',
    'events',
    'http',
    'log',
    'memoryBus',
    'secrets',
    'tenantPolicies',
  ]);
});

test('the package exports these types and no others', () => {
  expect(listed('export type')).toEqual([
    'Binding',
    'BindingCall',
    'BindingLog',
    'BindingMethod',
    'BindingOptions',
    'BindingRun',
    'CacheTier',
    'CheckOptions',
    'ErrorCode',
    'ErrorDetails',
    'Execution',
    'Fault',
    'JailLayer',
    'JailMode',
    'Json',
    'Language',
    'Limits',
    'LogEntry',
    'LogLevel',
    'Placement',
    'QueueCause',
    'Rate',
    'RealmKind',
    'RunContext',
    'RunResult',
    'Runtime',
    'RuntimeCache',
    'RuntimeEvents',
    'RuntimeOptions',
    'RuntimeStats',
    'ShutdownOptions',
    'Tenant',
    'TypeScriptStats',
    'Usage',
    'VmEnd',
  ]);
});

test('the entry point holds named exports and nothing else', () => {
  const rest = text
    .replaceAll(/\/\*\*[\s\S]*?\*\//g, '')
    .replaceAll(/^export (type )?\{[^}]*\} from '\.\/[\w/-]+\.ts';$/gm, '');
  expect(rest.trim()).toBe('');
  expect(listed('export')).toEqual(Object.keys(runtime).toSorted());
});
