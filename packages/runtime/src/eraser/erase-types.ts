import { stripTypeScriptTypes } from 'node:module';
import { explainRefusal } from './explain-refusal.ts';
import { keepSemicolons } from './keep-semicolons.ts';
import { positionOf, readReport, toPlain, type Report } from './parser-report.ts';

/** What became of a source; see `EraserAnswer`. */
export type Erasure =
  | { readonly type: 'erased'; readonly text: string }
  | {
      readonly type: 'refused';
      readonly reason: string;
      readonly line: number;
      readonly column: number;
    }
  | { readonly type: 'gave-up' };

// A script is the body of an async function: for `return` and `await` the parser must see one. It
// stays on the script's first line, and its length is taken off again. That a script does not close
// the function is not for us to see: the worker that compiles the erased text does.
const prefix = 'async function _(){';
const suffix = '\n}';
const syntaxErrors: ReadonlySet<unknown> = new Set([
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
]);

/** Puts blanks where the types of a script are, so that every other character keeps its place. */
export function eraseTypes(source: string): Erasure {
  // A first line for Unix is no TypeScript; as a comment it is as long as before.
  const text = source.replace(/^(\uFEFF?)#!/, '$1//');
  const wrapped = prefix + text + suffix;
  try {
    const erased = stripTypeScriptTypes(wrapped, { mode: 'strip' });
    if (erased.length !== wrapped.length) return { type: 'gave-up' };
    const body = keepSemicolons(erased.slice(prefix.length, prefix.length + text.length), text);
    const first = text === source ? 0 : 3;
    return {
      type: 'erased',
      text: source.slice(0, first) + withSurrogates(body, text).slice(first),
    };
  } catch (error) {
    const report = readReport(error);
    if (report === undefined || !syntaxErrors.has(report.code)) return { type: 'gave-up' };
    return refusal(text, wrapped, report);
  }
}

function refusal(text: string, wrapped: string, report: Report): Erasure {
  const plain = toPlain(wrapped);
  const precise = plain === wrapped ? report : reportAgain(plain, report);
  const offset = positionOf(precise, plain, prefix.length) - prefix.length;
  const before = text.slice(0, Math.max(0, offset)).split(/\r\n|[\n\r\u2028\u2029]/);
  return {
    type: 'refused',
    reason: explainRefusal(report, text, offset),
    line: before.length,
    column: before.at(-1)!.length + 1,
  };
}

/** The parser's word on the plain text, if it is the same one. */
function reportAgain(plain: string, first: Report): Report {
  try {
    stripTypeScriptTypes(plain, { mode: 'strip' });
  } catch (error) {
    const again = readReport(error);
    if (again?.message === first.message) return again;
  }
  return first;
}

/** The parser reads UTF-8, which has no halves of surrogate pairs: they are put back. */
function withSurrogates(erased: string, text: string): string {
  if (text.isWellFormed()) return erased;
  return erased.replaceAll('\uFFFD', (_, at: number) => text.charAt(at));
}
