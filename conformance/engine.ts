import { CloisterError, createRuntime, type RunContext, type Runtime } from '@cloister/runtime';
import type { Options, RealmName } from './options.ts';
import type { Outcome } from './outcome.ts';

const attempts = 3;

const frame = /^ {4}at .*?:(\d+):\d+\)?$/gm;

/** The runtime under test. Whoever opened it closes it. */
export class Engine {
  /** Wall clock and time on a core of one test, in milliseconds. */
  readonly limitMs: number;
  readonly #runtime: Runtime;

  private constructor(runtime: Runtime, limitMs: number) {
    this.#runtime = runtime;
    this.limitMs = limitMs;
  }

  static async open({ jobs }: Pick<Options, 'jobs'>, limitMs: number): Promise<Engine> {
    const runtime = await createRuntime({
      poolSize: Math.min(jobs, 4),
      maxVms: jobs + 4,
      limits: { timeoutMs: limitMs, cpuMs: limitMs, sourceBytes: 4 * 1024 * 1024 },
    });
    return new Engine(runtime, limitMs);
  }

  /** The realm that a run gets which asks for none. */
  async defaultRealm(): Promise<RealmName> {
    const source = 'return Object.isFrozen(Object.prototype)';
    const { output } = await this.#runtime.execute(source, undefined, { tenant: { id: 'probe' } });
    return output['value'] === true ? 'hardened' : 'fresh';
  }

  /** Runs one composed test through `execute`, again when another test took the worker down. */
  async run(source: string, tenant: string, realm: RealmName | undefined): Promise<Outcome> {
    const context: RunContext = {
      tenant: { id: tenant },
      ...(realm === undefined ? {} : { realm }),
    };
    let outcome: Outcome = { kind: 'ended', code: 'not run', message: '' };
    for (let attempt = 0; attempt < attempts; attempt++) {
      try {
        await this.#runtime.execute(source, undefined, context);
        return { kind: 'completed' };
      } catch (error) {
        if (!(error instanceof CloisterError)) throw error;
        if (error.fault === 'caller') throw error;
        outcome = toOutcome(error);
        if (!error.retryable) return outcome;
      }
    }
    return outcome;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#runtime.shutdown({ graceMs: 0 });
  }
}

function toOutcome({ code, name, message, stack = '' }: CloisterError): Outcome {
  switch (code) {
    case 'compilation_error':
      return { kind: 'unparsable', message };
    case 'script_error': {
      // What is thrown and no Error, as Test262Error is, is shown in the message.
      const shown = /^thrown value is not an Error: (\w+)/.exec(message)?.[1];
      return {
        kind: 'threw',
        name: name === 'ScriptError' ? (shown ?? name) : name,
        message,
        lines: Array.from(stack.matchAll(frame), ([, line]) => Number(line)),
      };
    }
    default:
      return { kind: 'ended', code, message };
  }
}
