import { Vm } from './vm.ts';

const memoryMb = 8;

/**
 * Has V8 list the locales of its Intl, which it does once in a process, for the first realm, and for 12 ms.
 * In the thread of a VM of its own it does so while this one loads the rest of the worker.
 */
export async function listLocales(): Promise<void> {
  await haveDone('new Intl.Segmenter()');
}

/** Has V8 load the data of its Intl, which takes 20 ms and is in the way of nobody there. */
export async function loadLocaleData(): Promise<void> {
  await haveDone('[new Date(0), 1.5, "a".localeCompare("b")].toLocaleString()');
}

/** Has V8 evaluate something in a VM that is there for nothing else. */
async function haveDone(expression: string): Promise<void> {
  let vm: Vm | undefined;
  try {
    vm = new Vm(-1, memoryMb);
    const context = await vm.createContext();
    await vm.evaluate(
      await vm.compile(`${expression}, () => {}`, { filename: 'locales' }),
      context,
    );
  } catch {
    // The self-test says what is wrong.
  } finally {
    vm?.close();
  }
}
