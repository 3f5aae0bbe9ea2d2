import type { Report } from './parser-report.ts';

/** Node's name for what it cannot erase, and what to write instead. */
const insteadOf: readonly (readonly [RegExp, string])[] = [
  [
    / enum /,
    "enum is not supported, because it is code and not a type: write a constant object (const Color = { Red: 'red' } as const) or a union of strings",
  ],
  [
    / namespace /,
    'a namespace with values is not supported, because it is code and not a type: write an object or plain functions',
  ],
  [
    / parameter property /,
    'a parameter property (public, private, protected or readonly in a constructor) is not supported, because it is code and not a type: declare the field in the class and assign it in the constructor',
  ],
  [/angle-bracket/, 'a type assertion in angle brackets is not supported: write value as Type'],
  [
    /'import', and 'export'/,
    'import and export are not supported, those of types included: a script is not a module; what it needs comes in ctx and sdk, its output goes out by return, and its types are declared in it',
  ],
];

const maxReasonLength = 400;
/** A closing tag, a fragment, or a tag that closes itself; and what comes before an attribute. */
const jsx = /<\/[\w.]*\s*>|<>|<[A-Za-z][\w.]*(?:\s[^<>]*)?\/>/;
const jsxBeforeAttribute = /<[A-Za-z][\w.]*\s+$/;
const strings = /'[^']*'|"[^"]*"|`[^`]*`/g;

/**
 * Says what is wrong with a source, and what to write instead.
 * @param offset - where in the source it is.
 */
export function explainRefusal(report: Report, source: string, offset: number): string {
  const known = insteadOf.find(([pattern]) => pattern.test(report.message));
  if (known !== undefined) return known[1];
  const reason = report.message
    .replace(' in strip-only mode', '')
    // The parser lists all that could begin a type, which helps nobody.
    .replace(/\. Expected an identifier, void,.*$/s, '')
    .slice(0, maxReasonLength);
  const said = offset >= source.length ? 'Unexpected end of input' : reason;
  return isJsx(source, offset)
    ? `${said}: this looks like JSX, which is not supported; write a function call or a template literal`
    : said;
}

/** The parser takes a tag for a type assertion and stumbles somewhere behind it. */
function isJsx(source: string, offset: number): boolean {
  const from = Math.max(source.lastIndexOf('\n', offset - 1) + 1, offset - maxReasonLength);
  const end = source.indexOf('\n', offset);
  const to = Math.min(end < 0 ? source.length : end, offset + maxReasonLength);
  const line = source.slice(from, to).replaceAll(strings, "''");
  return jsx.test(line) || jsxBeforeAttribute.test(source.slice(from, offset));
}
