import { CloisterError } from './errors.ts';

/** What one run may use. Every limit is a whole number. */
export interface Limits {
  /** Wall clock of the run in milliseconds, waiting included, the queue not. */
  readonly timeoutMs: number;
  /** Time on a core in milliseconds; waiting for host calls is not counted. */
  readonly cpuMs: number;
  /** V8 heap and buffers of the VM, in MiB. */
  readonly memoryMb: number;
  /** Binding calls per run. */
  readonly apiCalls: number;
  /** Size of the output as JSON in UTF-8, in bytes. */
  readonly outputBytes: number;
  /** Size of the input as JSON in UTF-8, in bytes. */
  readonly inputBytes: number;
  /** Size of the source in UTF-8, in bytes. */
  readonly sourceBytes: number;
  /** Console entries kept of a run. */
  readonly logEntries: number;
  /** Characters of console messages and data kept of a run. */
  readonly logBytes: number;
}

interface LimitRule {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly env: string;
}

const day = 24 * 60 * 60 * 1000;
const mebi = 1024 * 1024;

/** Default, range and environment variable of each limit (design, section 7). */
export const limitRules: Readonly<Record<keyof Limits, LimitRule>> = {
  timeoutMs: { default: 30_000, min: 1, max: day, env: 'SCRIPT_TIMEOUT_MS' },
  cpuMs: { default: 10_000, min: 1, max: day, env: 'SCRIPT_MAX_CPU_MS' },
  // isolated-vm takes no less than 8 MiB.
  memoryMb: { default: 128, min: 8, max: 4096, env: 'SCRIPT_MAX_MEMORY_MB' },
  apiCalls: { default: 100, min: 0, max: 1_000_000, env: 'SCRIPT_MAX_API_CALLS' },
  outputBytes: { default: mebi, min: 2, max: 32 * mebi, env: 'SCRIPT_MAX_OUTPUT_BYTES' },
  inputBytes: { default: 4 * mebi, min: 2, max: 32 * mebi, env: 'SCRIPT_MAX_INPUT_BYTES' },
  sourceBytes: { default: mebi, min: 0, max: 16 * mebi, env: 'SCRIPT_MAX_SOURCE_BYTES' },
  logEntries: { default: 1000, min: 0, max: 100_000, env: 'SCRIPT_MAX_LOG_ENTRIES' },
  logBytes: { default: 256 * 1024, min: 0, max: 16 * mebi, env: 'SCRIPT_MAX_LOG_BYTES' },
};

export const limitNames: readonly (keyof Limits)[] = Object.keys(limitRules) as (keyof Limits)[];

/** The limits of a runtime for which nothing was configured. */
export const defaultLimits: Limits = Object.freeze(
  Object.fromEntries(limitNames.map((name) => [name, limitRules[name].default])),
) as unknown as Limits;

/**
 * Checks limits as a caller wrote them.
 * @param where - the field they stand in, for the message: `limits`, `tenant.limits`.
 * @throws {CloisterError} `invalid_options`, naming the field and the range.
 */
export function checkLimits(given: unknown, where: string): Partial<Limits> {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new CloisterError('invalid_options', `${where} must be an object of limits`);
  }
  const checked: Partial<Record<keyof Limits, number>> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(limitRules, name)) {
      throw new CloisterError(
        'invalid_options',
        `${where}.${name} is not a limit; the limits are ${limitNames.join(', ')}`,
      );
    }
    if (value === undefined) continue;
    const limit = name as keyof Limits;
    const { min, max } = limitRules[limit];
    checked[limit] = checkWholeNumber(value, `${where}.${name}`, min, max);
  }
  return checked;
}

/**
 * @returns `value`, when it is a whole number from `min` to `max`.
 * @throws {CloisterError} `invalid_options` otherwise.
 */
export function checkWholeNumber(value: unknown, name: string, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : describe(value);
  throw new CloisterError(
    'invalid_options',
    `${name} must be a whole number from ${min} to ${max}, not ${shown}`,
  );
}

/** An object is not asked for its text: that may throw. */
function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** Merges limits; of each, the lowest that was given holds. */
export function lowerLimits(base: Limits, ...others: readonly Partial<Limits>[]): Limits {
  if (others.every((other) => Object.keys(other).length === 0)) return base;
  const merged: Record<keyof Limits, number> = { ...base };
  for (const other of others) {
    for (const name of limitNames) merged[name] = Math.min(merged[name], other[name] ?? Infinity);
  }
  return Object.freeze(merged);
}
