import { CloisterError } from './errors.ts';
import { eventDepth } from './event-depth.ts';
import { checkLimits, checkWholeNumber, lowerLimits, type Limits } from './limits.ts';
import type { RealmKind } from './protocol/messages.ts';
import { randomId } from './random-id.ts';
import type { LogEntry } from './result.ts';

/** The owner of a script. Fields beyond `id` are shown to the script as `ctx.tenant`. */
export interface Tenant {
  /** 1 to 256 characters. */
  readonly id: string;
  /** Limits of this tenant; they can only lower those of the runtime. */
  readonly limits?: Partial<Limits>;
  /** Realm of this tenant's runs. Default: the runtime's. */
  readonly realm?: RealmKind;
  /** Which processes its runs share with others. Default: the runtime's. */
  readonly placement?: Placement;
  /** Its share when tenants wait for VMs, 1 to 100. Default: 1. */
  readonly weight?: number;
  /** Runs of it at the same time. Default: the runtime's `maxConcurrencyPerTenant`. */
  readonly maxConcurrency?: number;
  readonly [field: string]: unknown;
}

/**
 * Which processes runs share: `shared`, with runs of other tenants as trust allows, or `dedicated`,
 * with none but their own tenant's.
 */
export type Placement = 'shared' | 'dedicated';

/** What a run is about; the script sees it as `ctx.execution`. */
export interface Execution {
  /** Default: a new UUID. */
  readonly id?: string;
  readonly scriptId?: string;
  /** What set the run off: `manual`, `webhook`, `schedule` … */
  readonly trigger?: string;
  /**
   * How many events led from the first run to this one. Default: what the event counts whose listener
   * on a `memoryBus` asks for the run, else 0.
   */
  readonly depth?: number;
}

/** What a source is written in. The types of TypeScript are erased, nothing is compiled. */
export type Language = 'javascript' | 'typescript';

/** Everything about a run but its source and input. */
export interface RunContext {
  /** Default: `javascript`. */
  readonly language?: Language;
  /** Default: `{ id: 'default' }`. */
  readonly tenant?: Tenant;
  /** Shown to the script as `ctx.user`; JSON. Default: null. */
  readonly user?: unknown;
  readonly execution?: Execution;
  /** Limits of this run; they can only lower those of the tenant and of the runtime. */
  readonly limits?: Partial<Limits>;
  /** Default: the tenant's, else the runtime's. */
  readonly realm?: RealmKind;
  /** Ends the run as `cancelled`, wherever it is. */
  readonly signal?: AbortSignal;
  /** Called with each console entry as it arrives. What it throws is ignored. */
  readonly onLog?: (entry: LogEntry) => void;
}

/** A run context after normalisation: nothing after this has a default. */
export interface ResolvedContext {
  readonly language: Language;
  readonly executionId: string;
  readonly tenantId: string;
  /** The JSON text of `ctx` without its input, up to the value of `execution`, which comes last. */
  readonly head: string;
  /** `ctx.execution` as JSON. */
  readonly execution: string;
  /** How many events led from the first run to this one. */
  readonly depth: number;
  readonly limits: Limits;
  readonly realm: RealmKind;
  readonly placement: Placement;
  readonly weight: number;
  readonly maxConcurrency: number;
  readonly signal: AbortSignal | undefined;
  readonly onLog: ((entry: LogEntry) => void) | undefined;
}

const maxIdLength = 256;
const defaultTenant: Tenant = Object.freeze({ id: 'default' });
const noExecution: Execution = Object.freeze({});
const noContext: RunContext = Object.freeze({});
const knownFields = new Set([
  'language',
  'tenant',
  'user',
  'execution',
  'limits',
  'realm',
  'signal',
  'onLog',
]);

/** What a runtime gives to all its runs. */
interface RuntimeDefaults {
  readonly limits: Limits;
  readonly realm: RealmKind;
  readonly placement: Placement;
  readonly maxConcurrencyPerTenant: number;
}

/**
 * Checks and completes a run context.
 * @throws {CloisterError} `invalid_context` or `invalid_options` (limits), naming the field.
 */
export function resolveContext(
  given: RunContext | undefined,
  runtime: RuntimeDefaults,
): ResolvedContext {
  try {
    return resolve(given, runtime);
  } catch (error) {
    if (error instanceof CloisterError) throw error;
    // A getter or a proxy of the caller's.
    throw invalid(`a field of the run context cannot be read: ${firstLine(error)}`);
  }
}

function resolve(given: RunContext | undefined, runtime: RuntimeDefaults): ResolvedContext {
  const context = record(given ?? noContext, 'context') as RunContext;
  for (const field of Object.keys(context)) {
    if (!knownFields.has(field)) throw invalid(`${field} is not a field of the run context`);
  }
  const {
    limits: tenantLimits,
    realm: tenantRealm,
    placement,
    weight,
    maxConcurrency,
    tenant,
  } = context.tenant === undefined
    ? defaultParts
    : partsOf(record(context.tenant ?? defaultTenant, 'tenant') as Tenant);
  const execution = record(context.execution ?? noExecution, 'execution') as Execution;
  const executionId =
    execution.id === undefined ? randomId() : identifier(execution.id, 'execution.id');
  if (context.signal !== undefined && !(context.signal instanceof AbortSignal)) {
    throw invalid('signal must be an AbortSignal');
  }
  if (context.onLog !== undefined && typeof context.onLog !== 'function') {
    throw invalid('onLog must be a function');
  }
  const tenantId = identifier(tenant.id, 'tenant.id');
  const head =
    context.tenant === undefined && context.user === undefined
      ? defaultHead
      : headJson(tenant, context.user ?? null);
  const executionText =
    execution === noExecution
      ? ownExecutionJson(executionId)
      : executionJson(executionId, execution);
  checkContextLength(head, executionText);
  return {
    language: checkLanguage(context.language),
    executionId,
    tenantId,
    head,
    execution: executionText,
    depth:
      execution.depth === undefined
        ? (eventDepth.getStore() ?? 0)
        : checkWholeNumber(execution.depth, 'execution.depth', 0, 1e6),
    realm:
      checkRealm(context.realm, 'realm') ??
      checkRealm(tenantRealm, 'tenant.realm') ??
      runtime.realm,
    placement: checkPlacement(placement, 'tenant.placement') ?? runtime.placement,
    weight: weight === undefined ? 1 : checkWholeNumber(weight, 'tenant.weight', 1, 100),
    maxConcurrency: Math.min(
      runtime.maxConcurrencyPerTenant,
      maxConcurrency === undefined
        ? Infinity
        : checkWholeNumber(maxConcurrency, 'tenant.maxConcurrency', 1, 10_000),
    ),
    limits:
      tenantLimits === undefined && context.limits === undefined
        ? runtime.limits
        : lowerLimits(
            runtime.limits,
            checkLimits(tenantLimits, 'tenant.limits'),
            checkLimits(context.limits, 'limits'),
          ),
    signal: context.signal,
    onLog: context.onLog,
  };
}

/** What is for the engine, apart from what goes to the script. */
function partsOf({ limits, realm, placement, weight, maxConcurrency, ...tenant }: Tenant) {
  return { limits, realm, placement, weight, maxConcurrency, tenant };
}

const defaultParts = partsOf(defaultTenant);

function checkLanguage(value: unknown): Language {
  if (value === undefined) return 'javascript';
  if (value === 'javascript' || value === 'typescript') return value;
  throw invalid("language must be 'javascript' or 'typescript'");
}

/**
 * Checks a realm as a caller wrote it.
 * @throws {CloisterError} `invalid_options`, naming the field.
 */
export function checkRealm(value: unknown, name: string): RealmKind | undefined {
  if (value === undefined || value === 'hardened' || value === 'fresh') return value;
  throw new CloisterError('invalid_options', `${name} must be 'hardened' or 'fresh'`);
}

/**
 * Checks a placement as a caller wrote it.
 * @throws {CloisterError} `invalid_options`, naming the field.
 */
export function checkPlacement(value: unknown, name: string): Placement | undefined {
  if (value === undefined || value === 'shared' || value === 'dedicated') return value;
  throw new CloisterError('invalid_options', `${name} must be 'shared' or 'dedicated'`);
}

/** The context goes to the VM whole, so it is held to a bound as the input is. */
const maxContextBytes = 256 * 1024;

function headJson(tenant: unknown, user: unknown): string {
  return `{"tenant":${partJson('tenant', tenant)},"user":${partJson('user', user)},"execution":`;
}

const defaultHead = headJson(defaultTenant, null);

function executionJson(id: string, { scriptId, trigger }: Execution): string {
  return partJson('execution', {
    id,
    scriptId: optionalText(scriptId, 'execution.scriptId'),
    trigger: optionalText(trigger, 'execution.trigger') ?? 'manual',
  });
}

/** The same of an id that was made here, and nothing else. */
function ownExecutionJson(id: string): string {
  return `{"id":"${id}","scriptId":null,"trigger":"manual"}`;
}

function checkContextLength(head: string, execution: string): void {
  const characters = head.length + execution.length + 1;
  if (3 * characters > maxContextBytes) checkContextBytes(Buffer.byteLength(head + execution) + 1);
}

function partJson(name: string, part: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(part);
  } catch (error) {
    throw invalid(`${name} cannot be written as JSON: ${firstLine(error)}`);
  }
  if (json === undefined) {
    throw invalid(`${name} cannot be written as JSON: it is a ${typeof part}`);
  }
  return json;
}

function checkContextBytes(bytes: number): void {
  if (bytes <= maxContextBytes) return;
  throw invalid(
    `tenant, user and execution take ${bytes} bytes as JSON; ${maxContextBytes} are allowed`,
  );
}

/** `ctx` of a run without its input, as JSON. */
export function contextText({
  head,
  execution,
}: Pick<ResolvedContext, 'head' | 'execution'>): string {
  return `${head}${execution}}`;
}

/**
 * Writes an input as JSON. `undefined` is the empty map.
 * @throws {CloisterError} `input_invalid` or `input_limit`.
 */
export function inputJson(input: unknown, maxBytes: number): string {
  if (input === undefined) return '{}';
  let json: string | undefined;
  try {
    json = JSON.stringify(input) as string | undefined;
  } catch (error) {
    throw new CloisterError('input_invalid', `input cannot be written as JSON: ${reason(error)}`);
  }
  if (json === undefined) {
    throw new CloisterError(
      'input_invalid',
      `input cannot be written as JSON: it is a ${typeof input}`,
    );
  }
  if (3 * json.length <= maxBytes) return json;
  const bytes = Buffer.byteLength(json);
  if (bytes > maxBytes) {
    throw new CloisterError(
      'input_limit',
      `input takes ${bytes} bytes as JSON; inputBytes allows ${maxBytes}`,
    );
  }
  return json;
}

function reason(error: unknown): string {
  // V8 runs out of stack in deep values and out of string in huge ones; both are RangeErrors.
  const line = firstLine(error);
  return line === 'Maximum call stack size exceeded' ? 'it is nested too deeply' : line;
}

function firstLine(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
      .split('\n', 1)[0]!
      .slice(0, 500);
  } catch {
    return 'its conversion threw';
  }
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw invalid(`${name} must be an object`);
}

function identifier(value: unknown, name: string): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= maxIdLength) return value;
  throw invalid(`${name} must be a string of 1 to ${maxIdLength} characters`);
}

function optionalText(value: unknown, name: string): string | null {
  return value === undefined || value === null ? null : identifier(value, name);
}

function invalid(message: string): CloisterError {
  return new CloisterError('invalid_context', message);
}
