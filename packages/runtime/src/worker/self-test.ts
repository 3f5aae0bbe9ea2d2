import type { Cell } from './cell.ts';
import type { RealmKind, RunMessage } from '../protocol/messages.ts';

const source = { id: 0, text: 'return { answer: ctx.input.six * 7 }', code: undefined };
const request: Omit<RunMessage, 'realm'> = {
  type: 'run',
  run: 0,
  vm: 0,
  source: source.id,
  purpose: 'execute',
  context: '{}',
  input: '{"six":6}',
  limits: {
    timeoutMs: 10_000,
    cpuMs: 10_000,
    memoryMb: 128,
    outputBytes: 1000,
    logEntries: 0,
    logBytes: 0,
  },
  codeWanted: false,
};

/**
 * Makes a VM and runs a script in it, in either kind of realm, before the worker says that it is
 * ready. So a wrong binary is an error at start and not a hang later; and what every run needs,
 * here and in the guest, is loaded and compiled when the first run comes.
 * @returns why this process cannot run scripts, or undefined when it can.
 */
export async function selfTest(): Promise<string | undefined> {
  try {
    // Imported here, so that an addon that does not load is a reason and not a crash.
    const { Cell } = await import('./cell.ts');
    const cell = await Cell.create(0, request.limits.memoryMb);
    try {
      for (const realm of ['hardened', 'fresh'] as const) {
        if (!(await answers(cell, realm))) return 'the self-test gave a wrong answer';
      }
      await cell.rememberGuest();
      return undefined;
    } finally {
      cell.vm.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
  }
}

async function answers(cell: Cell, realm: RealmKind): Promise<boolean> {
  const { Run } = await import('./run.ts');
  const { Watchdog } = await import('./watchdog.ts');
  const { outcome } = await new Run(
    cell,
    { ...request, realm },
    source,
    new Watchdog(),
    () => {},
  ).execute();
  return outcome.status === 'completed' && outcome.output === '{"answer":42}';
}
