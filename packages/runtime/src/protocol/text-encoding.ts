/** The ways in which a long text is written down as bytes. */
export type TextEncoding = 'latin1' | 'utf8' | 'utf16le';

const encodings: ReadonlySet<unknown> = new Set<TextEncoding>(['latin1', 'utf8', 'utf16le']);

export function isTextEncoding(value: unknown): value is TextEncoding {
  return encodings.has(value);
}

/**
 * The shortest encoding that keeps every code unit of a text: a byte a character where V8 has such a
 * string, and UTF-16 where a lone surrogate would be lost in UTF-8.
 */
export function encodingOf(text: string): TextEncoding {
  if (Buffer.byteLength(text) === text.length || isLatin1(text)) return 'latin1';
  return text.isWellFormed() ? 'utf8' : 'utf16le';
}

/** There and back is many times as fast as a search, which V8 interprets the first time. */
function isLatin1(text: string): boolean {
  return Buffer.from(text, 'latin1').toString('latin1') === text;
}
