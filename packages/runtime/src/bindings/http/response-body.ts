import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { Json } from '../../result.ts';
import { httpError } from './http-error.ts';

/** How a script wants the body of an answer. */
export type ResponseType = 'auto' | 'json' | 'text' | 'base64';

/** Compressions on top of one another. */
const maxCodings = 2;
/** Lists and objects within one another, in JSON. */
const maxDepth = 1000;
/** What RFC 9659 lets a compressor use: 8 MiB. */
const maxZstdWindowLog = 23;

const [quote, backslash] = [0x22, 0x5c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

type Decode = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const gunzip: Decode = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip);
const inflate: Decode = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate);
const inflateRaw: Decode = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflateRaw);
const unbrotli: Decode = promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress);
const unzstd = promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress);

const decoders: ReadonlyMap<string, Decode> = new Map([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  // Some servers send it with the wrapper that it should have, and some without.
  [
    'deflate',
    (bytes, options) => ((bytes[0]! & 0x0f) === 8 ? inflate : inflateRaw)(bytes, options),
  ],
  ['br', unbrotli],
  [
    'zstd',
    (bytes, options) =>
      unzstd(bytes, {
        ...options,
        params: { [zlib.constants.ZSTD_d_windowLogMax]: maxZstdWindowLog },
      }),
  ],
] satisfies [string, Decode][]);

/** What the binding can decompress, for `accept-encoding`. */
export const acceptedEncodings = 'gzip, deflate, br, zstd';

/**
 * Takes compression off a body.
 * @param maxBytes - of the outcome, and of all that comes up on the way to it.
 * @throws {BindingError} `response_too_large`, `invalid_response`.
 */
export async function decompress(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Buffer> {
  const codings = (encoding ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > maxCodings) throw httpError('invalid_response', 'too many compressions');
  let bytes = body;
  for (const coding of codings.toReversed()) {
    if (bytes.length === 0) return bytes;
    const decode = decoders.get(coding);
    if (decode === undefined) throw httpError('invalid_response', 'unknown compression');
    bytes = await decodeWithin(decode, bytes, maxBytes);
  }
  return bytes;
}

async function decodeWithin(decode: Decode, bytes: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await decode(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw httpError('response_too_large', `its body takes more than ${maxBytes} bytes`);
    }
    throw httpError('invalid_response', 'broken compression');
  }
}

/**
 * The body as a script gets it.
 * @throws {BindingError} `invalid_response` for JSON that is none, or is too deep.
 */
export function readBody(body: Buffer, contentType: string | undefined, as: ResponseType): Json {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const kind = as === 'auto' ? kindOf(type.trim()) : as;
  if (kind === 'base64') return body.toString('base64');
  const text = decodeText(body, parameters);
  if (kind === 'text') return text;
  if (text.trim() === '') return null;
  if (!isShallow(text)) throw httpError('invalid_response', 'JSON that is too deep');
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw httpError('invalid_response', "no JSON; responseType: 'text' gives it as it is");
  }
}

function kindOf(type: string): Exclude<ResponseType, 'auto'> {
  if (/^(application|text)\/json$|\+json$/.test(type)) return 'json';
  const isText =
    /^text\/|^application\/(xml|javascript|ecmascript|yaml|x-ndjson|graphql|x-www-form-urlencoded)$|\+(xml|yaml)$/;
  return isText.test(type) ? 'text' : 'base64';
}

function decodeText(body: Buffer, parameters: readonly string[]): string {
  const [, charset = 'utf-8'] =
    parameters.map((each) => /^\s*charset\s*=\s*"?([\w:.-]+)/.exec(each)).find(Boolean) ?? [];
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charset);
  } catch {
    decoder = new TextDecoder();
  }
  return decoder.decode(body);
}

/** Whether JSON can be written again by `JSON.stringify`, which descends on the stack. */
function isShallow(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) inString = !inString;
    else if (inString) at += code === backslash ? 1 : 0;
    else if (code === openList || code === openObject) {
      if (++depth > maxDepth) return false;
    } else if (code === closeList || code === closeObject) depth--;
  }
  return true;
}
