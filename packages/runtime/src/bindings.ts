import type { StandardSchemaV1 } from '@standard-schema/spec';
import { invalidOptions } from './errors.ts';
import { checkWholeNumber, type Limits } from './limits.ts';
import { requireKnown } from './require-known.ts';
import type { Tenant } from './context.ts';
import type { LogLevel } from './protocol/messages.ts';

/** A token bucket: `perSecond` calls a second on average, `burst` of them at once. */
export interface Rate {
  readonly perSecond: number;
  /** Default: `perSecond`, one at least. */
  readonly burst?: number;
}

/** The run that a call is made by. The same object for all calls of a run, and frozen. */
export interface BindingRun {
  readonly tenant: Tenant;
  /** As the embedder gave it; null when there is none. */
  readonly user: unknown;
  readonly execution: {
    readonly id: string;
    readonly scriptId: string | null;
    readonly trigger: string;
    /** How many events led from the first run to this one; 0 for a run that no event set off. */
    readonly depth: number;
  };
  readonly limits: Limits;
  /** Writes into the log of the run, within its limits. */
  readonly log: BindingLog;
  /** From now on this text appears as `***` in logs, errors and output of nobody but the script. */
  mask(secret: string): void;
}

/** What a handler is told of the call that it answers. */
export interface BindingCall extends BindingRun {
  /** Aborted when the run ends, for whatever reason, when the script gives the call up, or when its time is over. */
  readonly signal: AbortSignal;
}

/** A log, method by level. `data` must be JSON. */
export type BindingLog = Readonly<Record<LogLevel, (message: string, ...data: unknown[]) => void>>;

/** One host function of a binding. */
export interface BindingMethod<Params extends StandardSchemaV1 = StandardSchemaV1> {
  /** Schema of the list of arguments, such as `z.tuple([z.string()])`. */
  readonly params: Params;
  /** Schema of the answer. */
  readonly result?: StandardSchemaV1;
  /**
   * Runs in the host. What it gives back must be JSON; `undefined` stays so. What it throws reaches
   * the script as `the call failed`, unless it is a `BindingError`.
   */
  handler(call: BindingCall, ...args: ArgumentsOf<Params>): unknown;
  /** Default: as long as the run may take. In milliseconds. */
  readonly timeoutMs?: number;
  /** Calls of all tenants that are handled at a time; the others wait, tenants in turn. Default: no bound. */
  readonly maxConcurrent?: number;
  /** What a call counts for against the limit `apiCalls`, 0 or more. Default: 1. */
  readonly cost?: number;
  /**
   * Makes each call a line of the run's log, of this level, with the first argument as its message:
   * it is bounded as the console is and not as calls are, gives back nothing, and is not awaited. The
   * handler is told of the lines that are kept; `params` is for the declarations alone.
   */
  readonly logLevel?: LogLevel;
  /** Shown in the type declarations. */
  readonly description?: string;
}

type ArgumentsOf<Params extends StandardSchemaV1> =
  StandardSchemaV1.InferOutput<Params> extends infer Output extends readonly unknown[]
    ? Output
    : readonly unknown[];

/** Options of a binding as a whole. */
export interface BindingOptions {
  /** Whether scripts have it as a global of its name, too. Default: false. */
  readonly global?: boolean;
  /** Calls that one run may make of this binding. Default: what `apiCalls` allows. */
  readonly maxCalls?: number;
  /** Calls of all tenants that are handled at a time; the others wait, tenants in turn. Default: no bound. */
  readonly maxConcurrent?: number;
  /** Calls of all tenants together. Default: no bound. */
  readonly rate?: Rate;
  /** The same for each tenant alone. */
  readonly perTenant?: { readonly maxConcurrent?: number; readonly rate?: Rate };
  /** Shown in the type declarations. */
  readonly description?: string;
  /**
   * Called when a run that used this binding is over; `completed` is false when it failed. `execute`
   * waits for what it gives back.
   */
  onRunEnd?(run: BindingRun, completed: boolean): void | Promise<void>;
  /** Called once, when the runtime has shut down. */
  close?(): void | Promise<void>;
}

/** A named set of host functions, for `createRuntime`. Frozen. */
export interface Binding extends BindingOptions {
  readonly name: string;
  readonly methods: ReadonlyMap<string, BindingMethod>;
}

/**
 * An error that scripts may see as it is: name, message and code. Everything else that a handler
 * throws is kept from them.
 */
export class BindingError extends Error {
  override readonly name: string;
  readonly code: string;

  constructor(message: string, options: { code: string; name?: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = options.name ?? 'BindingError';
    this.code = options.code;
  }
}

/**
 * Makes a binding: scripts call its methods as `await sdk.<name>.<method>(…)`.
 * @param name - a JavaScript identifier.
 * @throws {CloisterError} `invalid_options`, naming the field.
 */
export function defineBinding<const Schemas extends Record<string, StandardSchemaV1>>(
  name: string,
  methods: { readonly [Method in keyof Schemas]: BindingMethod<Schemas[Method]> },
  options: BindingOptions = {},
): Binding {
  const where = `binding ${checkName(name, 'name')}`;
  checkOptions(options, where);
  const checked = new Map<string, BindingMethod>();
  for (const [key, method] of Object.entries(methods as Record<string, unknown>)) {
    checked.set(checkName(key, where), checkMethod(method, `${where}.${key}`));
  }
  return Object.freeze({ ...options, name, methods: checked });
}

/** Names that mean something else to JavaScript, or would to a script that awaits the binding. */
const reserved = new Set(['__proto__', 'constructor', 'prototype', 'then', 'toJSON', 'toString']);

function checkName(name: unknown, where: string): string {
  const valid = typeof name === 'string' && /^[A-Za-z_$][\w$]{0,63}$/.test(name);
  if (valid && !reserved.has(name)) return name;
  const shown = typeof name === 'string' ? JSON.stringify(name.slice(0, 80)) : typeof name;
  throw invalidOptions(`${where}: ${shown} is no name that a binding or its method can have`);
}

function checkMethod(given: unknown, where: string): BindingMethod {
  if (typeof given !== 'object' || given === null)
    throw invalidOptions(`${where} must be an object`);
  const method = given as BindingMethod;
  const known = ['params', 'result', 'handler', 'timeoutMs', 'maxConcurrent', 'cost', 'logLevel'];
  requireKnown(method, [...known, 'description'], where, 'a binding');
  requireSchema(method.params, `${where}.params`);
  if (method.result !== undefined) requireSchema(method.result, `${where}.result`);
  if (typeof method.handler !== 'function')
    throw invalidOptions(`${where}.handler must be a function`);
  optionalNumber(method.timeoutMs, `${where}.timeoutMs`, 1);
  optionalNumber(method.maxConcurrent, `${where}.maxConcurrent`, 1);
  optionalNumber(method.cost, `${where}.cost`, 0);
  return Object.freeze({ ...method });
}

function checkOptions(options: BindingOptions, where: string): void {
  const known = ['global', 'maxCalls', 'maxConcurrent', 'rate', 'perTenant', 'description'];
  requireKnown(options, [...known, 'onRunEnd', 'close'], where, 'a binding');
  optionalNumber(options.maxCalls, `${where}.maxCalls`, 0);
  optionalNumber(options.maxConcurrent, `${where}.maxConcurrent`, 1);
  checkRate(options.rate, `${where}.rate`);
  const { perTenant = {} } = options;
  requireKnown(perTenant, ['maxConcurrent', 'rate'], `${where}.perTenant`, 'a binding');
  optionalNumber(perTenant.maxConcurrent, `${where}.perTenant.maxConcurrent`, 1);
  checkRate(perTenant.rate, `${where}.perTenant.rate`);
}

function checkRate(rate: Rate | undefined, where: string): void {
  if (rate === undefined) return;
  requireKnown(rate, ['perSecond', 'burst'], where, 'a binding');
  const { perSecond, burst } = rate;
  if (typeof perSecond !== 'number' || !(perSecond > 0) || perSecond > 1e9) {
    throw invalidOptions(`${where}.perSecond must be a number above 0`);
  }
  optionalNumber(burst, `${where}.burst`, 1);
}

function requireSchema(value: unknown, where: string): void {
  const standard = (value as StandardSchemaV1 | undefined)?.['~standard'];
  if (typeof standard?.validate !== 'function') {
    throw invalidOptions(
      `${where} must be a Standard Schema, such as one of zod, valibot or arktype`,
    );
  }
}

function optionalNumber(value: unknown, where: string, min: number): void {
  if (value !== undefined) checkWholeNumber(value, where, min, 1e9);
}
