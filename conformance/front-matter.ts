/** How a test that must fail is meant to fail. */
interface Negative {
  readonly phase: 'parse' | 'resolution' | 'runtime';
  /** Name of the constructor of what is thrown. */
  readonly type: string;
}

/** The part of a test's metadata that says how to run it. */
export interface FrontMatter {
  readonly flags: readonly string[];
  readonly features: readonly string[];
  readonly includes: readonly string[];
  readonly negative: Negative | undefined;
}

const block = /\/\*---([\s\S]*?)---\*\//;
const phases: readonly string[] = ['parse', 'resolution', 'runtime'];

/**
 * Reads the metadata of a test: the YAML between `/*---` and `---*\/`, in as far as the suite uses
 * it. A list is written `[a, b]`, over several lines if need be, or as lines that begin with `-`;
 * `negative` is a map of two scalars; everything else is prose and passed over.
 * @throws {SyntaxError} for metadata that is not of that form.
 */
export function readFrontMatter(source: string): FrontMatter {
  const text = (block.exec(source)?.[1] ?? '').replace(/\r\n?/g, '\n');
  return {
    flags: readList(text, 'flags'),
    features: readList(text, 'features'),
    includes: readList(text, 'includes'),
    negative: readNegative(text),
  };
}

/** What belongs to a key at the margin: the rest of its line and the lines that are its own. */
function valueOf(text: string, key: string): string {
  const lines = text.split('\n');
  // The whole metadata of a few tests is indented by as much as its first key.
  const margin = /^ */.exec(lines.find((line) => line.trim() !== '') ?? '')![0];
  const start = lines.findIndex((line) => line.startsWith(`${margin}${key}:`));
  if (start < 0) return '';
  const end = lines.findIndex(
    (line, index) =>
      index > start && line.trim() !== '' && isAtMargin(line, margin) && !/^ *[-#\]]/.test(line),
  );
  const own = lines.slice(start, end < 0 ? undefined : end).map(withoutComment);
  return own.join('\n').slice(own[0]!.indexOf(':') + 1);
}

function isAtMargin(line: string, margin: string): boolean {
  return line.startsWith(margin) && line[margin.length] !== ' ';
}

function withoutComment(line: string): string {
  return line.replace(/(?:^|\s)#.*$/, '');
}

function readList(text: string, key: string): readonly string[] {
  const value = valueOf(text, key).trim();
  if (value === '') return [];
  if (value.startsWith('[')) {
    if (!value.endsWith(']')) throw new SyntaxError(`${key}: a list without its end`);
    return value
      .slice(1, -1)
      .split(',')
      .map(unquoted)
      .filter((item) => item !== '');
  }
  return value.split('\n').map((line) => {
    const item = /^\s*-\s+(\S.*)$/.exec(line)?.[1];
    if (item === undefined) throw new SyntaxError(`${key}: not a list`);
    return unquoted(item);
  });
}

function readNegative(text: string): Negative | undefined {
  const value = valueOf(text, 'negative');
  if (value.trim() === '') return undefined;
  const phase = /^\s+phase:\s*(\S+)/m.exec(value)?.[1] ?? '';
  const type = /^\s+type:\s*(\S+)/m.exec(value)?.[1];
  if (!phases.includes(phase) || type === undefined) throw new SyntaxError('negative: not a map');
  return { phase: phase as Negative['phase'], type };
}

function unquoted(item: string): string {
  return item.trim().replace(/^(['"])(.*)\1$/, '$2');
}
