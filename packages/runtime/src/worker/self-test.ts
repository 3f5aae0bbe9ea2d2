import type { Settlement } from './run.ts';
import type { RealmKind, RunMessage } from '../protocol/messages.ts';

const question = 'return { answer: ctx.input.six * 7 }';
/** Has V8 load the data of its Intl, which takes 20 ms. */
const internationalQuestion = 'return [new Date(0), 1.5, "a".localeCompare("b")].toLocaleString()';
const request: Omit<RunMessage, 'realm'> = {
  type: 'run',
  run: 0,
  vm: 0,
  source: 0,
  purpose: 'execute',
  context: '{}',
  input: '{"six":6}',
  limits: {
    timeoutMs: 10_000,
    cpuMs: 10_000,
    memoryMb: 128,
    apiCalls: 0,
    outputBytes: 1000,
    logEntries: 0,
    logBytes: 0,
  },
  pace: 'open',
  codeWanted: false,
  seed: [1, 2],
  startedAt: 0,
};

/**
 * Makes a VM and runs a script in it, in either kind of realm, before the worker says that it is
 * ready. So a wrong binary is an error at start and not a hang later; and what every run needs,
 * here and in the guest, is loaded and compiled when the first run comes. What many runs need is
 * loaded meanwhile.
 * @param bindings - shapes of the bindings, as JSON.
 * @returns why this process cannot run scripts, or undefined when it can.
 */
export async function selfTest(bindings: string): Promise<string | undefined> {
  try {
    // Imported here, so that an addon that does not load is a reason and not a crash.
    const [{ Cell }, { Run }, { Watchdog }] = await Promise.all([
      import('./cell.ts'),
      import('./run.ts'),
      import('./watchdog.ts'),
    ]);
    const watchdog = new Watchdog();
    const cell = await Cell.create(0, request.limits.memoryMb, bindings);
    const run = async (realm: RealmKind, text: string): Promise<string | undefined> => {
      const source = { id: text.length, text, code: undefined };
      const asked = new Run(cell, { ...request, realm }, source, watchdog, () => {});
      const settlement = await new Promise<Settlement | undefined>((resolve) => {
        asked.begin(resolve);
      });
      const outcome = settlement?.outcome;
      return outcome?.status === 'completed' ? outcome.output : undefined;
    };
    for (const realm of ['hardened', 'fresh'] as const) {
      if ((await run(realm, question)) !== '{"answer":42}') {
        return 'the self-test gave a wrong answer';
      }
    }
    await cell.rememberGuest();
    void run('hardened', internationalQuestion).finally(() => cell.vm.close());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
  }
}
