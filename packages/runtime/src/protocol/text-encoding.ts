/** The ways in which a long text is written down as bytes. */
export type TextEncoding = 'latin1' | 'utf8' | 'utf16le';

const encodings: ReadonlySet<unknown> = new Set<TextEncoding>(['latin1', 'utf8', 'utf16le']);

export function isTextEncoding(value: unknown): value is TextEncoding {
  return encodings.has(value);
}

interface EncodedText {
  readonly bytes: Buffer;
  readonly encoding: TextEncoding;
}

/** What was encoded in this tick: a source is sent to a worker and hashed for the store. */
let latest: { readonly text: string; readonly encoded: EncodedText } | undefined;

/**
 * A text as bytes that keep every code unit of it: UTF-8, or UTF-16 where a lone surrogate would be lost.
 * What is the same in Latin-1 is said to be that, which is quicker to read. To look whether other
 * texts would fit into it takes longer than it saves. The bytes are not to be changed.
 */
export function encodeText(text: string): EncodedText {
  if (latest?.text === text) return latest.encoded;
  const encoded = encode(text);
  if (latest === undefined) setImmediate(() => (latest = undefined));
  latest = { text, encoded };
  return encoded;
}

function encode(text: string): EncodedText {
  if (!text.isWellFormed()) return { bytes: Buffer.from(text, 'utf16le'), encoding: 'utf16le' };
  const bytes = Buffer.from(text);
  return { bytes, encoding: bytes.length === text.length ? 'latin1' : 'utf8' };
}
