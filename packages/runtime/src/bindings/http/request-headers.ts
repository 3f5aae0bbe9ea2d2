import type { BindingCall } from '../../bindings.ts';
import { isHeaderValue, isSendable, requireHeaders } from './header-syntax.ts';
import { httpError } from './http-error.ts';
import type { HttpCredentials, HttpPolicy } from './options.ts';
import type { GivenHeader } from './request-schema.ts';
import { acceptedEncodings } from './response-body.ts';

/** Headers of a request, by name in small letters. */
export type RequestHeaders = ReadonlyMap<string, string>;

const maxHeaders = 64;
const maxHeaderCharacters = 16 * 1024;

/** All that another origin gets to see after a redirect; nothing in them says who asks. */
const forOtherOrigins = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-type',
  'range',
  'user-agent',
]);

/**
 * The headers of a script's request, with its secrets and the embedder's credentials in them. To be
 * called when it is known that scripts may send requests to `origin`.
 * @throws {BindingError} `invalid_header`, `request_too_large`, `unknown_secret`.
 */
export async function requestHeaders(
  call: BindingCall,
  policy: Pick<HttpPolicy, 'credentials' | 'secrets'>,
  given: Readonly<Record<string, GivenHeader>>,
  { origin, contentType }: { origin: string; contentType: string | undefined },
): Promise<RequestHeaders> {
  const headers = new Map([
    ['accept', '*/*'],
    ['accept-encoding', acceptedEncodings],
    ['user-agent', 'cloister'],
  ]);
  if (contentType !== undefined) headers.set('content-type', contentType);
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase();
    if (!isSendable(key)) throw httpError('invalid_header', shown(name));
    const text = typeof value === 'object' ? await secretValue(call, policy, value) : String(value);
    if (!isHeaderValue(text)) throw httpError('invalid_header', `value of ${shown(name)}`);
    headers.set(key, text);
  }
  requireFew(headers);
  const credentials = policy.credentials.get(origin);
  if (credentials !== undefined) await addCredentials(call, credentials, headers);
  return headers;
}

/** What is left of the headers when a redirect leads to another origin. */
export function headersForAnotherOrigin(headers: RequestHeaders): RequestHeaders {
  return new Map([...headers].filter(([name]) => forOtherOrigins.has(name)));
}

/** What is left of them when a redirect takes the body away. */
export function headersWithoutBody(headers: RequestHeaders): RequestHeaders {
  return new Map([...headers].filter(([name]) => !name.startsWith('content-')));
}

async function secretValue(
  call: BindingCall,
  policy: Pick<HttpPolicy, 'secrets'>,
  { secret, prefix = '' }: Exclude<GivenHeader, string | number | boolean>,
): Promise<string> {
  const value = await policy.secrets?.(call, secret);
  if (value === undefined) throw httpError('unknown_secret');
  call.mask(value);
  return prefix + value;
}

async function addCredentials(
  call: BindingCall,
  credentials: HttpCredentials,
  headers: Map<string, string>,
): Promise<void> {
  const given = typeof credentials === 'function' ? await credentials(call) : credentials.headers;
  if (given === undefined) return;
  requireHeaders(given, 'http.credentials');
  for (const [name, value] of Object.entries(given)) {
    call.mask(value);
    // A server may well show the token alone of `Bearer <token>`.
    call.mask(value.slice(value.indexOf(' ') + 1));
    headers.set(name.toLowerCase(), value);
  }
}

function requireFew(headers: RequestHeaders): void {
  const size = [...headers].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (headers.size <= maxHeaders && size <= maxHeaderCharacters) return;
  throw httpError(
    'request_too_large',
    `its headers: ${maxHeaders} of them, ${maxHeaderCharacters} characters in all`,
  );
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 60));
}
