import { encodeParts, FrameReader, SurroundedText } from '../protocol/frames.ts';
import type { RealmKind, RunMessage } from '../protocol/messages.ts';
import { scriptPrefix, scriptSuffix } from '../protocol/script-wrapper.ts';
import { Cell, type WorkerSource } from './cell.ts';
import { scriptCode } from './compile.ts';
import { loadLocaleData } from './locales.ts';
import { Run, type Settlement } from './run.ts';
import { readWrapped } from './script-body.ts';
import type { Supervisor } from './supervisor.ts';
import { toCode } from './vm.ts';
import { Watchdog } from './watchdog.ts';
import { loadWebServices } from './web-services.ts';

/** Long enough to travel as bytes, as most scripts are whose code is kept. */
const question = `return { answer: ctx.input.six * 7 }//${' '.repeat(64 * 1024)}`;
const answer = '{"answer":42}';
/** When the first VMs have been made, which others wait for, and no run goes on, in milliseconds. */
const calmAfterMs = 100;
/** What the process grows by for what it loads then. */
const calmBytes = 10 * 1024 * 1024;
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
 * here and in the guest, is loaded and compiled when the first run comes. The script travels as one of
 * the host does, and is taken from its code the second time. What many runs need is
 * loaded a moment later.
 * @param bindings - shapes of the bindings, as JSON.
 * @param worker - what it will be part of. It gets the VM as a first one, in which nobody has run anything.
 * @returns why this process cannot run scripts, or undefined when it can.
 */
export async function selfTest(
  bindings: string,
  worker: Pick<Supervisor, 'expectGrowth' | 'isBusy' | 'offer' | 'withdraw'>,
): Promise<string | undefined> {
  try {
    const watchdog = new Watchdog(() => {});
    const cell = await Cell.create(0, request.limits.memoryMb, bindings);
    const run = async (realm: RealmKind, source: WorkerSource): Promise<string | undefined> => {
      const asked = new Run(cell, { ...request, realm }, source, watchdog, () => {});
      const settlement = await new Promise<Settlement | undefined>((resolve) => {
        asked.begin(resolve);
      });
      const outcome = settlement?.outcome;
      return outcome?.status === 'completed' ? outcome.output : undefined;
    };
    const script = readWrapped(asItArrives(question));
    const fromSource = await run('hardened', { id: 0, ...script, code: undefined });
    const made = await scriptCode(cell.vm, script);
    const code = made === undefined ? undefined : toCode(made);
    const fromCode = await run('fresh', { id: 1, ...script, code });
    if (fromSource !== answer || fromCode !== answer) return 'the self-test gave a wrong answer';
    await cell.rememberGuest();
    for (const source of [0, 1]) cell.forget(source);
    worker.offer(cell);
    const load = (): void => {
      // This thread would not see meanwhile what a run takes.
      if (worker.isBusy) return void setTimeout(load, calmAfterMs);
      worker.withdraw();
      worker.expectGrowth(calmBytes);
      loadWebServices();
      void loadLocaleData();
    };
    setTimeout(load, calmAfterMs);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
  }
}

/** What the host would send, read as it will be. */
function asItArrives(text: string): string {
  const reader = new FrameReader(4 * text.length);
  const wrapped = new SurroundedText(scriptPrefix, text, scriptSuffix);
  const sent = { type: 'add-source', source: 0, text: wrapped };
  const [read] = encodeParts([sent]).flatMap((part) => reader.read(Buffer.from(part)));
  return (read as { readonly text: string }).text;
}
