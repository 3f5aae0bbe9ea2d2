import {
  headersForAnotherOrigin,
  headersWithoutBody,
  type RequestHeaders,
} from './request-headers.ts';
import { readUrl } from './target.ts';

/** One of the requests that a script's request becomes. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: RequestHeaders;
  readonly body: Buffer | undefined;
}

const statuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Whether a status sends a request elsewhere. */
export function isRedirect(status: number): boolean {
  return statuses.has(status);
}

/**
 * The request that a redirect asks for, which is not checked yet. Once it left an origin, a request
 * has lost what said who it is, even if it comes back.
 * @throws {BindingError} `invalid_url`, `blocked_host`.
 */
export function followRedirect(hop: Hop, status: number, location: string): Hop {
  // Headers are read as Latin-1; servers that write other letters into a URL mean UTF-8.
  const url = readUrl(Buffer.from(location, 'latin1').toString(), hop.url);
  const becomesGet =
    (status === 303 && hop.method !== 'HEAD') ||
    ((status === 301 || status === 302) && hop.method === 'POST');
  const headers = becomesGet ? headersWithoutBody(hop.headers) : hop.headers;
  return {
    url,
    method: becomesGet ? 'GET' : hop.method,
    headers: url.origin === hop.url.origin ? headers : headersForAnotherOrigin(headers),
    body: becomesGet ? undefined : hop.body,
  };
}
