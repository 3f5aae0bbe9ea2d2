/** The ways in which a long text is written down as bytes. */
export type TextEncoding = 'latin1' | 'utf8' | 'utf16le';

const encodings: ReadonlySet<unknown> = new Set<TextEncoding>(['latin1', 'utf8', 'utf16le']);

export function isTextEncoding(value: unknown): value is TextEncoding {
  return encodings.has(value);
}

/**
 * A text in the shortest encoding that keeps every code unit of it: a byte a character where V8 has such
 * a string, and UTF-16 where a lone surrogate would be lost in UTF-8.
 */
export function encodeText(text: string): { bytes: Buffer; encoding: TextEncoding } {
  const bytes = Buffer.from(text, 'latin1');
  // There and back is many times as fast as a search, which V8 interprets the first time.
  if (Buffer.byteLength(text) === text.length || bytes.toString('latin1') === text) {
    return { bytes, encoding: 'latin1' };
  }
  const encoding = text.isWellFormed() ? 'utf8' : 'utf16le';
  return { bytes: Buffer.from(text, encoding), encoding };
}
