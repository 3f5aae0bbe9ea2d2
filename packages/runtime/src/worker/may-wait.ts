/** A longer one is not read through, nor is it one whose runs are worth putting together. */
const maxCharacters = 16 * 1024;

/**
 * What a script needs a word for that makes a promise, or asks for a microtask. A name may be written with
 * `\\u`, and found in `globalThis` by a text. There is nothing else of that kind in the hardened realm but
 * the functions of bindings, timers and `Array.fromAsync`, whose use the guest notes.
 */
const words =
  /\\u|\b(?:async|await|import|Promise|AsyncDisposableStack|globalThis|queueMicrotask|setTimeout|sdk)\b/;

/** Whether a script may go on after its last statement, or its runs are not to be executed in one entry. */
export function mayWait(text: string): boolean {
  return text.length > maxCharacters || words.test(text);
}
