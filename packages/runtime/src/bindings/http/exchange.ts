import { request as sendRequest } from 'undici';
import type { BindingError } from '../../bindings.ts';
import type { Connections } from './connections.ts';
import { httpError } from './http-error.ts';
import type { HttpLimits } from './options.ts';
import type { RequestHeaders } from './request-headers.ts';

/** What a body is given room for at first. */
const firstBytes = 16 * 1024;

/** A request to one host, redirects apart. */
export interface HopRequest {
  readonly tenantId: string;
  readonly url: URL;
  readonly method: string;
  readonly headers: RequestHeaders;
  readonly body: Buffer | undefined;
  /** Ends the request. */
  readonly signal: AbortSignal;
  /** Whether the body of an answer is wanted. */
  readonly wantsBody: (head: ResponseHead) => boolean;
}

/** What comes before the body of an answer. */
export interface ResponseHead {
  readonly status: number;
  /** By name in small letters; values of one name in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** What came back, its body as it came. */
export interface HopResponse extends ResponseHead {
  readonly body: Buffer;
}

/**
 * Sends a request over a connection to an address that was checked, and takes in the answer.
 * @throws {BindingError} `response_too_large`; and what Node and undici throw.
 */
export async function exchange(
  connections: Connections,
  hop: HopRequest,
  limits: HttpLimits,
): Promise<HopResponse> {
  const { url, method, tenantId, signal } = hop;
  const leave = await connections.enter(url.hostname, tenantId, signal);
  try {
    const { statusCode, headers, body } = await sendRequest(url, {
      dispatcher: connections.to(tenantId, url.origin),
      method,
      headers: [...hop.headers].flat(),
      body: hop.body ?? null,
      signal,
      responseHeaders: 'raw',
    });
    const fields = readFields(headers as unknown as readonly string[]);
    const head = { status: statusCode, headers: fields };
    const isWanted = hop.wantsBody(head);
    // Otherwise the length is that of a body which stays where it is.
    const hasBody = method !== 'HEAD' && statusCode !== 304;
    const length = Number(fields.get('content-length')?.[0]);
    const isTooLarge = hasBody && length > limits.maxResponseBytes;
    if (isWanted && !isTooLarge) {
      return { ...head, body: await takeIn(body, limits) };
    }
    // Its connection goes with it.
    body.on('error', () => {}).destroy();
    if (isWanted) throw tooLarge(limits);
    return { ...head, body: Buffer.alloc(0) };
  } finally {
    leave();
  }
}

/** In one piece from the start: a server may send a million pieces of one byte. */
async function takeIn(body: AsyncIterable<Buffer>, limits: HttpLimits): Promise<Buffer> {
  let bytes = Buffer.allocUnsafe(firstBytes);
  let size = 0;
  for await (const chunk of body) {
    const end = size + chunk.length;
    if (end > limits.maxResponseBytes) throw tooLarge(limits);
    if (end > bytes.length) bytes = Buffer.concat([bytes], Math.max(end, 2 * bytes.length));
    bytes.set(chunk, size);
    size = end;
  }
  return bytes.subarray(0, size);
}

function tooLarge({ maxResponseBytes }: HttpLimits): BindingError {
  return httpError('response_too_large', `its body takes more than ${maxResponseBytes} bytes`);
}

function readFields(raw: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  for (let at = 0; at < raw.length; at += 2) {
    const name = String(raw[at]).toLowerCase();
    const value = String(raw[at + 1]);
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else values.push(value);
  }
  return fields;
}
