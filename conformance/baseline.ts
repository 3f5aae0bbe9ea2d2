import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './outcome.ts';

/** What is sent to {@link file://./baseline-process.ts}; it answers with an `Outcome`. */
export interface BaselineRequest {
  readonly source: string;
  readonly limitMs: number;
  /** What the source is run as: the body of a strict async function, or a script of its own. */
  readonly as: 'body' | 'script';
}

const program = fileURLToPath(new URL('baseline-process.ts', import.meta.url));

/**
 * Plain V8 in a process of its own, which is killed when a test stalls it. One test at a time.
 * Whoever made it closes it.
 */
export class Baseline {
  #child: ChildProcess | undefined;

  /** Runs one composed test; never rejects for what the test does. */
  async run(request: BaselineRequest): Promise<Outcome> {
    this.#child ??= fork(program, { execArgv: ['--no-node-snapshot'], stdio: 'inherit' });
    const child = this.#child;
    const over = new AbortController();
    const { signal } = over;
    const stall = setTimeout(() => child.kill('SIGKILL'), request.limitMs + 5000);
    try {
      child.send(request);
      return await Promise.race([
        once(child, 'message', { signal }).then(([outcome]) => outcome as Outcome),
        once(child, 'exit', { signal }).then(() => this.#lost()),
      ]);
    } finally {
      clearTimeout(stall);
      over.abort();
    }
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #lost(): Outcome {
    this.#child = undefined;
    return { kind: 'ended', code: 'crashed', message: 'the process ended' };
  }
}
