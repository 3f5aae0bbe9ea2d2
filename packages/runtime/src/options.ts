import { availableParallelism, totalmem } from 'node:os';
import type { Binding } from './bindings.ts';
import { checkPlacement, checkRealm, type Placement } from './context.ts';
import type { BytecodeStore } from './stores/bytecode-store.ts';
import { invalidOptions } from './errors.ts';
import {
  checkLimits,
  checkWholeNumber,
  defaultLimits,
  limitNames,
  limitRules,
  type Limits,
} from './limits.ts';
import type { JailMode } from './host/jail/layers.ts';
import type { RealmKind } from './protocol/messages.ts';

/** Options of `createRuntime`. */
export interface RuntimeOptions {
  /** False makes a runtime that starts nothing and refuses every run. Default: true. */
  readonly enabled?: boolean;
  /** VMs kept warm, ready for a tenant that has none. Default: 10. */
  readonly poolSize?: number;
  /** Ceiling of VMs, warm and bound together; also the number of run slots. Default: 200. */
  readonly maxVms?: number;
  /** Worker processes. Default: the number of cores. */
  readonly workers?: number;
  /** Limits of every run; a tenant or a run can only lower them. */
  readonly limits?: Partial<Limits>;
  /** Global environment of the runs, unless tenant or run say otherwise. Default: `hardened`. */
  readonly realm?: RealmKind;
  /**
   * Processes ready to take the place of one that is lost, or a run that needs one for itself. Default: 1
   * when there are two workers or more, else 0.
   */
  readonly spareWorkers?: number;
  /** A worker that takes more memory is killed, in MiB. Default: 80 % of the machine's, shared by all workers. */
  readonly maxWorkerMb?: number;
  /** A worker of this age is replaced when it has nothing to do, in milliseconds. Default: one hour. */
  readonly maxWorkerAgeMs?: number;
  /** Which processes runs share, unless their tenant says otherwise. Default: `shared`. */
  readonly placement?: Placement;
  /**
   * What the processes are locked into: as much as the machine allows, no more than Node itself offers, or
   * everything, else no start. See `docs/jail.md`. Default: `auto`.
   */
  readonly jail?: JailMode;
  /** Workers that a script may cost before it is refused for a while. Default: 2. */
  readonly workerLosses?: number;
  /** How long such a script is refused, in milliseconds; each further loss doubles it. Default: 60 000. */
  readonly refuseMs?: number;
  /** Runs of one tenant at the same time. Default: half of `maxVms`. */
  readonly maxConcurrencyPerTenant?: number;
  /** Runs that may wait for a VM. Default: 10 000. */
  readonly queueLimit?: number;
  /** Runs of one tenant that may wait. Default: `queueLimit`. */
  readonly queueLimitPerTenant?: number;
  /** How long a run waits for a VM, in milliseconds. Default: 30 000. */
  readonly acquireTimeoutMs?: number;
  /** A bound VM that nobody used for so long is given up, in milliseconds. Default: 60 000. */
  readonly idleMs?: number;
  /** How long a worker has to stop a run that breached a limit before it is killed, in milliseconds. Default: 250. */
  readonly graceMs?: number;
  /** Host functions that scripts call as `sdk.<name>.<method>()`. Default: none. */
  readonly bindings?: readonly Binding[];
  /** Compilation cache. */
  readonly cache?: {
    /** Scripts whose code is kept in memory. Default: 1000. */
    readonly size?: number;
    /** Bytes of code kept in memory. Default: 64 MiB. */
    readonly bytes?: number;
    /** Keeps code between processes. Default: none. */
    readonly store?: BytecodeStore;
    /**
     * Seals what is put into the store: 16 bytes or more, the same for all processes that share
     * it. Default: the store's own, if it has one.
     */
    readonly secret?: string | Uint8Array;
  };
}

/** Options after normalisation: complete, checked and frozen. */
export interface ResolvedOptions {
  readonly enabled: boolean;
  readonly poolSize: number;
  readonly maxVms: number;
  readonly workers: number;
  readonly limits: Limits;
  readonly realm: RealmKind;
  readonly maxConcurrencyPerTenant: number;
  readonly queueLimit: number;
  readonly acquireTimeoutMs: number;
  readonly idleMs: number;
  readonly graceMs: number;
  readonly spareWorkers: number;
  readonly maxWorkerMb: number;
  readonly maxWorkerAgeMs: number;
  readonly placement: Placement;
  readonly jail: JailMode;
  readonly workerLosses: number;
  readonly refuseMs: number;
  readonly queueLimitPerTenant: number;
  readonly bindings: readonly Binding[];
  readonly cache: {
    readonly size: number;
    readonly bytes: number;
    readonly store: BytecodeStore | undefined;
    readonly secret: Uint8Array | undefined;
  };
}

interface OptionRule {
  readonly min: number;
  readonly max: number;
  readonly env: string;
}

const hour = 60 * 60 * 1000;

/** Range and environment variable of each numeric option. */
const optionRules = {
  poolSize: { min: 0, max: 10_000, env: 'SCRIPT_VM_POOL_SIZE' },
  maxVms: { min: 1, max: 10_000, env: 'SCRIPT_MAX_VMS' },
  workers: { min: 1, max: 256, env: 'SCRIPT_WORKERS' },
  maxConcurrencyPerTenant: { min: 1, max: 10_000, env: 'SCRIPT_MAX_CONCURRENCY_PER_TENANT' },
  queueLimit: { min: 0, max: 10_000_000, env: 'SCRIPT_QUEUE_LIMIT' },
  acquireTimeoutMs: { min: 1, max: hour, env: 'SCRIPT_ACQUIRE_TIMEOUT_MS' },
  idleMs: { min: 1, max: 24 * hour, env: 'SCRIPT_IDLE_MS' },
  graceMs: { min: 1, max: 60_000, env: 'SCRIPT_GRACE_MS' },
  spareWorkers: { min: 0, max: 64, env: 'SCRIPT_SPARE_WORKERS' },
  maxWorkerMb: { min: 128, max: 16 * 1024 * 1024, env: 'SCRIPT_MAX_WORKER_MB' },
  maxWorkerAgeMs: { min: 1000, max: 30 * 24 * hour, env: 'SCRIPT_MAX_WORKER_AGE_MS' },
  workerLosses: { min: 1, max: 1000, env: 'SCRIPT_WORKER_LOSSES' },
  refuseMs: { min: 1, max: hour, env: 'SCRIPT_REFUSE_MS' },
  queueLimitPerTenant: { min: 0, max: 10_000_000, env: 'SCRIPT_QUEUE_LIMIT_PER_TENANT' },
} as const satisfies Record<string, OptionRule>;
type NumericOption = keyof typeof optionRules;

const knownOptions = new Set([
  'enabled',
  'poolSize',
  'maxVms',
  'workers',
  'limits',
  'realm',
  'maxConcurrencyPerTenant',
  'queueLimit',
  'acquireTimeoutMs',
  'idleMs',
  'graceMs',
  'spareWorkers',
  'maxWorkerMb',
  'maxWorkerAgeMs',
  'placement',
  'jail',
  'workerLosses',
  'refuseMs',
  'queueLimitPerTenant',
  'bindings',
  'cache',
]);

/**
 * Checks options and fills in the defaults.
 * @throws {CloisterError} `invalid_options`, naming the option and its range.
 */
export function resolveOptions(given: RuntimeOptions = {}): ResolvedOptions {
  requireObject(given, 'options');
  for (const name of Object.keys(given)) {
    if (!knownOptions.has(name)) throw invalidOptions(`${name} is not an option of createRuntime`);
  }
  const { enabled = true, cache = {} } = given;
  if (typeof enabled !== 'boolean') throw invalidOptions('enabled must be true or false');
  const option = (name: NumericOption, fallback: number, ceiling = Infinity): number => {
    const { min, max } = optionRules[name];
    return number(given[name], name, fallback, min, Math.min(max, ceiling));
  };
  const maxVms = option('maxVms', 200);
  const workers = option('workers', availableParallelism());
  const queueLimit = option('queueLimit', 10_000);
  return Object.freeze({
    enabled,
    poolSize: option('poolSize', Math.min(10, maxVms), maxVms),
    maxVms,
    workers,
    spareWorkers: option('spareWorkers', workers > 1 ? 1 : 0),
    maxWorkerMb: option('maxWorkerMb', defaultWorkerMb(workers)),
    maxWorkerAgeMs: option('maxWorkerAgeMs', hour),
    placement: checkPlacement(given.placement, 'placement') ?? 'shared',
    jail: checkJail(given.jail, 'jail') ?? 'auto',
    workerLosses: option('workerLosses', 2),
    refuseMs: option('refuseMs', 60_000),
    limits: Object.freeze({ ...defaultLimits, ...checkLimits(given.limits, 'limits') }),
    realm: checkRealm(given.realm, 'realm') ?? 'hardened',
    maxConcurrencyPerTenant: option(
      'maxConcurrencyPerTenant',
      Math.max(1, Math.floor(maxVms / 2)),
      maxVms,
    ),
    queueLimit,
    queueLimitPerTenant: option('queueLimitPerTenant', queueLimit),
    acquireTimeoutMs: option('acquireTimeoutMs', 30_000),
    idleMs: option('idleMs', 60_000),
    graceMs: option('graceMs', 250),
    bindings: resolveBindings(given.bindings),
    cache: resolveCache(cache),
  });
}

function checkJail(value: unknown, name: string): JailMode | undefined {
  if (value === undefined || value === 'auto' || value === 'none' || value === 'strict')
    return value;
  throw invalidOptions(`${name} must be 'auto', 'none' or 'strict'`);
}

/** What the machine has, but for a fifth, in equal parts. */
function defaultWorkerMb(workers: number): number {
  return Math.max(1024, Math.floor((0.8 * totalmem()) / (1024 * 1024) / workers));
}

function resolveBindings(given: unknown = []): readonly Binding[] {
  if (!Array.isArray(given)) throw invalidOptions('bindings must be a list');
  const names = new Set<string>();
  for (const [index, binding] of (given as Partial<Binding>[]).entries()) {
    const { name, methods } = binding ?? {};
    if (typeof name !== 'string' || !(methods instanceof Map)) {
      throw invalidOptions(
        `bindings[${index}] must be a binding, made by defineBinding or one of ours`,
      );
    }
    if (names.has(name))
      throw invalidOptions(`bindings[${index}]: there are two bindings named ${name}`);
    names.add(name);
  }
  return Object.freeze([...(given as Binding[])]);
}

function resolveCache(given: NonNullable<RuntimeOptions['cache']>): ResolvedOptions['cache'] {
  requireObject(given, 'cache');
  for (const name of Object.keys(given)) {
    if (!['size', 'bytes', 'store', 'secret'].includes(name)) {
      throw invalidOptions(`cache.${name} is not an option of createRuntime`);
    }
  }
  const { store, secret } = given;
  if (store !== undefined && !isStore(store)) {
    throw invalidOptions(`cache.store must have the methods ${storeMethods.join(', ')}`);
  }
  return Object.freeze({
    size: number(given.size, 'cache.size', 1000, 1, 1_000_000),
    bytes: number(given.bytes, 'cache.bytes', 64 * 1024 * 1024, 0, 2 ** 36),
    store,
    secret: resolveSecret(secret),
  });
}

const storeMethods = ['get', 'put', 'delete', 'clear', 'close'] as const;

function isStore(store: BytecodeStore): boolean {
  return storeMethods.every((name) => typeof store?.[name] === 'function');
}

const minSecretBytes = 16;

function resolveSecret(secret: unknown): Uint8Array | undefined {
  if (secret === undefined) return undefined;
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : secret;
  if (bytes instanceof Uint8Array && bytes.length >= minSecretBytes) return bytes;
  throw invalidOptions(`cache.secret must have ${minSecretBytes} bytes or more`);
}

/** Every variable that `loadOptionsFromEnv` reads. */
export const environmentVariables: readonly string[] = [
  'SCRIPTS_ENABLED',
  'SCRIPT_JAIL',
  'SCRIPT_CACHE_SIZE',
  'SCRIPT_CACHE_SECRET',
  ...Object.values(optionRules).map((rule) => rule.env),
  ...limitNames.map((name) => limitRules[name].env),
];

/**
 * Reads the options that the environment sets (specification, "Configuration"; design, section 7).
 * An empty variable counts as not set.
 * @throws {CloisterError} `invalid_options`, naming the variable.
 */
export function loadOptionsFromEnv(
  env: Readonly<Record<string, string | undefined>> = process.env,
): RuntimeOptions {
  const options: { -readonly [Name in keyof RuntimeOptions]: RuntimeOptions[Name] } = {};
  const enabled = env['SCRIPTS_ENABLED'];
  if (enabled) options.enabled = toFlag(enabled, 'SCRIPTS_ENABLED');
  const jail = checkJail(env['SCRIPT_JAIL']?.trim() || undefined, 'SCRIPT_JAIL');
  if (jail) options.jail = jail;
  for (const name of Object.keys(optionRules) as NumericOption[]) {
    const { env: variable, min, max } = optionRules[name];
    const value = env[variable];
    if (value) options[name] = toNumber(value, variable, min, max);
  }
  const cacheSize = env['SCRIPT_CACHE_SIZE'];
  const secret = env['SCRIPT_CACHE_SECRET'];
  if (secret && secret.length < minSecretBytes) {
    throw invalidOptions(`SCRIPT_CACHE_SECRET must have ${minSecretBytes} characters or more`);
  }
  if (cacheSize || secret) {
    options.cache = {
      ...(cacheSize ? { size: toNumber(cacheSize, 'SCRIPT_CACHE_SIZE', 1, 1_000_000) } : {}),
      ...(secret ? { secret } : {}),
    };
  }
  const limits: Partial<Record<keyof Limits, number>> = {};
  for (const name of limitNames) {
    const { env: variable, min, max } = limitRules[name];
    const value = env[variable];
    if (value) limits[name] = toNumber(value, variable, min, max);
  }
  if (Object.keys(limits).length > 0) options.limits = limits;
  return options;
}

function toFlag(value: string, variable: string): boolean {
  const flag = value.trim().toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(flag)) return true;
  if (['false', '0', 'no', 'off'].includes(flag)) return false;
  throw invalidOptions(
    `${variable} must be true or false, not ${JSON.stringify(value.slice(0, 40))}`,
  );
}

function toNumber(value: string, variable: string, min: number, max: number): number {
  const text = value.trim();
  return checkWholeNumber(/^\d{1,15}$/.test(text) ? Number(text) : value, variable, min, max);
}

function number(value: unknown, name: string, fallback: number, min: number, max: number): number {
  return value === undefined ? fallback : checkWholeNumber(value, name, min, max);
}

function requireObject(value: unknown, name: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidOptions(`${name} must be an object`);
  }
}
