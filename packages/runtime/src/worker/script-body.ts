import { scriptPrefix, scriptSuffix } from '../protocol/script-wrapper.ts';

const naming = 'sourceURL=';
/** The end of it, which begins with a letter that is rare: V8 finds it four times as fast. */
const rarePart = 'URL=';

/**
 * A source as V8 gets it, every character at its place. A first line for Unix becomes a comment; a
 * comment that gives the file another name becomes one that does not, because V8 would then count
 * columns from the beginning of our prefix. All scripts that are compiled come from this.
 */
export function toBody(source: string): string {
  const text = source.replace(/^(\uFEFF?)#!/, '$1//');
  let body = '';
  let from = 0;
  // A regular expression for all of it is interpreted the first time, which takes longer than V8
  // needs for a script whose code it is given.
  for (let at = findNaming(text, 0); at >= 0; at = findNaming(text, at + naming.length)) {
    if (!beginsComment(text, at)) continue;
    body += `${text.slice(from, at)}sourceURL:`;
    from = at + naming.length;
  }
  return body + text.slice(from);
}

function findNaming(text: string, from: number): number {
  const before = naming.length - rarePart.length;
  let at = text.indexOf(rarePart, from + before);
  while (at >= 0 && !text.startsWith(naming, at - before)) at = text.indexOf(rarePart, at + 1);
  return at < 0 ? -1 : at - before;
}

/** Whether nothing but `//#`, or `//@`, and blanks stand before a place in its line. */
function beginsComment(text: string, place: number): boolean {
  let at = skipBlanks(text, place);
  if (at === place || !/[#@]/.test(text[at - 1] ?? '') || !text.endsWith('//', at - 1))
    return false;
  at = skipBlanks(text, at - 3);
  return at === 0 || /[\n\r\u2028\u2029]/.test(text[at - 1] ?? '');
}

/** The place where the blanks before a place begin. */
function skipBlanks(text: string, place: number): number {
  let at = place;
  while (text[at - 1] === ' ' || text[at - 1] === '\t') at--;
  return at;
}

/** A script by itself, as `toBody` made it, and in its wrapper: what it shares with that is there once. */
export interface ScriptText {
  readonly text: string;
  readonly wrapped: string;
}

/** Reads a source that came in its wrapper. */
export function readWrapped(wrapped: string): ScriptText {
  const source = wrapped.slice(scriptPrefix.length, wrapped.length - scriptSuffix.length);
  const text = toBody(source);
  return text === source ? { text, wrapped } : wrapScript(text);
}

/** A script, as `toBody` made it, in its wrapper. */
export function wrapScript(text: string): ScriptText {
  return { text, wrapped: scriptPrefix + text + scriptSuffix };
}
