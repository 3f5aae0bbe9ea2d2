import { badPorts } from './bad-ports.ts';
import { hostOf, type Destination, type HostMatcher } from './host-rules.ts';
import { httpError } from './http-error.ts';

const maxUrlCharacters = 8192;
const maxNameCharacters = 253;

/** What decides which requests scripts may send. */
interface HostPolicy {
  readonly allow: readonly HostMatcher[];
  readonly deny: readonly HostMatcher[];
}

/**
 * Reads a URL that a script or a server wrote.
 * @param base - what it is relative to, when it comes from a redirect.
 * @throws {BindingError} `invalid_url`; `blocked_host` for another scheme than http and https.
 */
export function readUrl(text: string, base?: URL): URL {
  const url = text.length > maxUrlCharacters ? null : URL.parse(text, base);
  if (url === null) throw httpError('invalid_url');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw httpError('blocked_host');
  if (url.username !== '' || url.password !== '') {
    throw httpError('invalid_url', 'a user or a password does not belong into it');
  }
  const host = hostOf(url);
  if (host === '' || host.endsWith('.') || host.length > maxNameCharacters) {
    throw httpError('invalid_url');
  }
  if (url.hostname.endsWith('.')) url.hostname = host;
  url.hash = '';
  return url;
}

/** Adds parameters to those that a URL has. */
export function withQuery(url: URL, query: URLSearchParams): URL {
  const added = query.toString();
  if (added === '') return url;
  const extended = new URL(url);
  extended.search = url.search === '' ? added : `${url.search}&${added}`;
  if (extended.href.length > maxUrlCharacters) {
    throw httpError('request_too_large', `its URL takes more than ${maxUrlCharacters} characters`);
  }
  return extended;
}

/** Where a URL that `readUrl` gave leads to. */
function destinationOf(url: URL): Destination {
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port);
  return { scheme, host: hostOf(url), port };
}

/** @throws {BindingError} `blocked_host`, unless scripts may send this there. `deny` wins. */
export function requireAllowed(policy: HostPolicy, url: URL, method: string): void {
  const to = destinationOf(url);
  const isAllowed =
    !badPorts.has(to.port) &&
    policy.allow.some((matches) => matches(to, method)) &&
    !policy.deny.some((matches) => matches(to, method));
  if (!isAllowed) throw httpError('blocked_host');
}
