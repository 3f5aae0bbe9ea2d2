/**
 * Makes an isolate, a context and a call before the worker says that it is ready, so that a wrong
 * binary is an error at start and not a hang later.
 * @returns why this process cannot run scripts, or undefined when it can.
 */
export async function selfTest(): Promise<string | undefined> {
  try {
    // Imported here, so that an addon that does not load is a reason and not a crash.
    const { Vm } = await import('./vm.ts');
    const vm = new Vm(0, 8);
    try {
      const context = await vm.createContext();
      const script = await vm.compile('globalThis.answer = 6 * 7; () => String(answer)', {
        filename: 'self-test.js',
      });
      const answer = await vm.call(await vm.evaluate(script, context), []);
      return answer === '42' ? undefined : 'the self-test gave a wrong answer';
    } finally {
      vm.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
  }
}
