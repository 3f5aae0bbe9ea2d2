import type { FrontMatter } from './front-matter.ts';

/** How a composed test ended, in our engine or in plain V8. */
export type Outcome =
  | { readonly kind: 'completed' }
  /** It does not parse; V8 has no other error for that than SyntaxError. */
  | { readonly kind: 'unparsable'; readonly message: string }
  /** `name` is that of the error, or of the constructor of what was thrown. */
  | {
      readonly kind: 'threw';
      readonly name: string;
      readonly message: string;
      /** Lines of the composed source on the stack, innermost first, counted from 1. */
      readonly lines?: readonly number[];
    }
  /** Ended by the engine: a limit, a crash. */
  | { readonly kind: 'ended'; readonly code: string; readonly message: string };

/** Whether a test ended as its metadata wants. */
export function isPass(outcome: Outcome, { negative }: FrontMatter): boolean {
  if (negative === undefined) return outcome.kind === 'completed';
  switch (negative.phase) {
    case 'parse':
    case 'resolution':
      return outcome.kind === 'unparsable' && negative.type === 'SyntaxError';
    case 'runtime':
      return outcome.kind === 'threw' && outcome.name === negative.type;
    default:
      return negative.phase satisfies never;
  }
}

/** What a test's metadata wants, in words. */
export function expectation({ negative }: FrontMatter): string {
  if (negative === undefined) return 'completes';
  return negative.phase === 'runtime' ? `throws ${negative.type}` : `${negative.type} when parsed`;
}

/** How a test ended, in words on one line. */
export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'completed':
      return 'completes';
    case 'unparsable':
      return `does not parse: ${oneLine(outcome.message)}`;
    case 'threw':
      return `throws ${outcome.name}: ${oneLine(outcome.message)}`;
    case 'ended':
      return `ends as ${outcome.code}: ${oneLine(outcome.message)}`;
    default:
      return outcome satisfies never;
  }
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
