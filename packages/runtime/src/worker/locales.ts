import { Vm } from './vm.ts';

const question = 'new Intl.Segmenter(), () => {}';
const memoryMb = 8;

/**
 * Has V8 list the locales of its Intl, which it does once in a process, for the first realm, and for 12 ms.
 * In the thread of a VM of its own it does so while this one loads the rest of the worker.
 */
export async function listLocales(): Promise<void> {
  let vm: Vm | undefined;
  try {
    vm = new Vm(-1, memoryMb);
    const context = await vm.createContext();
    await vm.evaluate(await vm.compile(question, { filename: 'locales' }), context);
  } catch {
    // The self-test says what is wrong.
  } finally {
    vm?.close();
  }
}
