import { errors } from 'undici';
import { BindingError } from '../../bindings.ts';

/** What is said of each code. None of it tells what a network or a host of ours looks like. */
const messages = {
  aborted: 'the request was given up',
  blocked_address: 'the host has an address that scripts may not reach',
  blocked_host:
    'scripts may not send this request: its host, port, scheme or method is not allowed',
  connection_failed: 'the connection failed or broke off',
  dns_failed: 'the name of the host has no address',
  http_timeout: 'the request took too long',
  invalid_arguments: 'the request cannot be sent as it is',
  invalid_header: 'a header cannot be sent',
  invalid_response: 'the answer is not what HTTP or its headers promise',
  invalid_url: 'the URL cannot be used',
  redirect_refused: 'the answer is a redirect',
  request_too_large: 'the request is too large',
  response_too_large: 'the answer is too large',
  tls_failed: 'no trustworthy TLS connection to the host is possible',
  too_many_redirects: 'the request was redirected too often',
  unknown_secret: 'there is no such secret',
} as const;

/** The codes that a request of a script can fail with. */
export type HttpErrorCode = keyof typeof messages;

/** All of them, for the documentation's test. */
export const httpErrorCodes: readonly HttpErrorCode[] = Object.keys(messages) as HttpErrorCode[];

/**
 * An error that scripts see.
 * @param detail - what the script gave or may know; never an address that it did not write itself.
 */
export function httpError(code: HttpErrorCode, detail?: string): BindingError {
  const message = `sdk.http: ${messages[code]}${detail === undefined ? '' : ` (${detail})`}`;
  return new BindingError(message, { code, name: 'HttpError' });
}

const tlsCodes =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_|EPROTO)/;
const aborted = /^UND_ERR_(ABORTED|CLOSED|DESTROYED)$/;
const connectionFailed = /^(UND_ERR_SOCKET|UND_ERR_INFO|E[A-Z0-9]+)$/;
const timeout = /^(UND_ERR_\w+_TIMEOUT|ETIMEDOUT)$/;

/**
 * What a script sees of an error of Node's or undici's. One that is not of the network stays as it
 * is: scripts see nothing of it, and the embedder is told.
 */
export function toHttpError(error: unknown): unknown {
  if (error instanceof BindingError || !(error instanceof Error)) return error;
  if (error instanceof errors.HTTPParserError) return httpError('invalid_response');
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string') return error;
  if (timeout.test(code)) return httpError('http_timeout');
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return httpError('response_too_large', 'headers');
  if (tlsCodes.test(code)) return httpError('tls_failed');
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return httpError('invalid_response');
  if (aborted.test(code)) return httpError('aborted');
  if (connectionFailed.test(code)) return httpError('connection_failed');
  return error;
}
