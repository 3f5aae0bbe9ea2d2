import type { BindingCall } from '../../bindings.ts';
import { invalidOptions } from '../../errors.ts';
import { checkWholeNumber } from '../../limits.ts';
import { requireKnown } from '../../require-known.ts';
import { exactHostMatcher, hostMatcher, type HostMatcher, type HostRule } from './host-rules.ts';
import { requireHeaders, type HeaderRecord } from './header-syntax.ts';
import { systemLookup, type Lookup } from './lookup.ts';

/** What requests are bounded by. All are whole numbers. */
export interface HttpLimits {
  /** A request with its redirects and its answer, in milliseconds; scripts can ask for less. Default: 10000. */
  readonly timeoutMs: number;
  /** Look-up and connecting, in milliseconds. Default: 5000. */
  readonly connectTimeoutMs: number;
  /** Body of a request, in bytes. Default: 1048576. */
  readonly maxRequestBytes: number;
  /** Body of an answer, in bytes, as it comes and again after decompression. Default: 2097152. */
  readonly maxResponseBytes: number;
  /** Headers of an answer, in bytes. Default: 16384. */
  readonly maxHeaderBytes: number;
  /** Redirects that a request follows; scripts can ask for less. Default: 5. */
  readonly maxRedirects: number;
  /** Requests of all tenants at a time; the others wait, tenants in turn. Default: 100. */
  readonly maxConcurrent: number;
  /** Requests of one tenant at a time. Default: 20. */
  readonly maxConcurrentPerTenant: number;
  /** Requests to one host at a time, of all tenants. Default: 10. */
  readonly maxConnectionsPerHost: number;
}

/** Headers that the host adds to the requests to an origin, and no script gets to see. */
export type HttpCredentials =
  | { readonly headers: HeaderRecord }
  | ((
      call: BindingCall,
    ) => HeaderRecord | undefined | Promise<HeaderRecord> | Promise<HeaderRecord | undefined>);

/** Finds a secret of the call's tenant by name; undefined when there is none. */
export type FindSecret = (call: BindingCall, name: string) => Promise<string | undefined>;

/** Options of the binding `http`. */
export interface HttpOptions {
  /** Hosts that scripts may send requests to. Default: none. */
  readonly allow?: readonly (string | HostRule)[];
  /** Hosts that they may not, whatever `allow` says. Default: none. */
  readonly deny?: readonly (string | HostRule)[];
  /**
   * Hosts of `allow`, by exact name or `name:port`, that may have loopback or private addresses, for
   * development. Default: none.
   */
  readonly allowPrivate?: readonly string[];
  /** Finds the addresses of a name. They are checked like any other. Default: the system's. */
  readonly lookup?: Lookup;
  readonly limits?: Partial<HttpLimits>;
  /** By origin, such as `https://api.example.com`. Default: none. */
  readonly credentials?: Readonly<Record<string, HttpCredentials>>;
  /** Finds what `{ secret: 'name' }` among a script's headers stands for. Default: there are none. */
  readonly secrets?: FindSecret;
}

/** The options as everything else reads them: whole, checked, frozen. */
export interface HttpPolicy {
  readonly allow: readonly HostMatcher[];
  readonly deny: readonly HostMatcher[];
  readonly allowPrivate: readonly HostMatcher[];
  readonly lookup: Lookup;
  readonly limits: HttpLimits;
  /** By origin. */
  readonly credentials: ReadonlyMap<string, HttpCredentials>;
  readonly secrets: FindSecret | undefined;
}

const kibi = 1024;
const mebi = 1024 * kibi;

/** Default, least and most of each limit. An answer as JSON takes 4 Mi characters at most. */
const limitRules: Readonly<Record<keyof HttpLimits, readonly [number, number, number]>> = {
  timeoutMs: [10_000, 1, 600_000],
  connectTimeoutMs: [5_000, 1, 600_000],
  maxRequestBytes: [mebi, 0, mebi],
  maxResponseBytes: [2 * mebi, 1, 4 * mebi],
  maxHeaderBytes: [16 * kibi, kibi, mebi],
  maxRedirects: [5, 0, 20],
  maxConcurrent: [100, 1, 100_000],
  maxConcurrentPerTenant: [20, 1, 100_000],
  maxConnectionsPerHost: [10, 1, 100_000],
};

/** @throws {CloisterError} `invalid_options`, naming the option. */
export function resolveOptions(options: HttpOptions): HttpPolicy {
  const known = ['allow', 'deny', 'allowPrivate', 'lookup', 'limits', 'credentials', 'secrets'];
  requireKnown(options, known, 'http', 'the binding');
  const { lookup, secrets } = options;
  for (const [name, value] of Object.entries({ lookup, secrets })) {
    if (value !== undefined && typeof value !== 'function') {
      throw invalidOptions(`http.${name} must be a function`);
    }
  }
  return Object.freeze({
    allow: matchers(options.allow, 'http.allow', hostMatcher),
    deny: matchers(options.deny, 'http.deny', hostMatcher),
    allowPrivate: matchers(options.allowPrivate, 'http.allowPrivate', exactHostMatcher),
    lookup: lookup ?? systemLookup,
    limits: resolveLimits(options.limits ?? {}),
    credentials: resolveCredentials(options.credentials ?? {}),
    secrets,
  });
}

function matchers<Given>(
  given: readonly Given[] | undefined,
  where: string,
  read: (rule: Given, where: string) => HostMatcher,
): readonly HostMatcher[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw invalidOptions(`${where} must be a list of hosts`);
  return Object.freeze(given.map((rule: Given, index) => read(rule, `${where}[${index}]`)));
}

function resolveLimits(given: Partial<HttpLimits>): HttpLimits {
  requireKnown(given, Object.keys(limitRules), 'http.limits', 'the binding');
  const names = Object.keys(limitRules) as (keyof HttpLimits)[];
  const resolved = names.map((name) => {
    const [byDefault, least, most] = limitRules[name];
    return [name, checkWholeNumber(given[name] ?? byDefault, `http.limits.${name}`, least, most)];
  });
  return Object.freeze(Object.fromEntries(resolved) as Record<keyof HttpLimits, number>);
}

function resolveCredentials(
  given: Readonly<Record<string, HttpCredentials>>,
): ReadonlyMap<string, HttpCredentials> {
  if (typeof given !== 'object' || given === null) {
    throw invalidOptions('http.credentials must be an object of origins');
  }
  return new Map(
    Object.entries(given).map(([key, credentials]): [string, HttpCredentials] => {
      const url = URL.parse(key);
      if (url === null || !/^https?:$/.test(url.protocol) || `${url.origin}/` !== url.href) {
        throw invalidOptions(
          `http.credentials: ${JSON.stringify(key.slice(0, 80))} is no origin such as 'https://api.example.com'`,
        );
      }
      if (typeof credentials === 'function') return [url.origin, credentials];
      requireKnown(credentials, ['headers'], `http.credentials of ${url.origin}`, 'the binding');
      requireHeaders(credentials.headers, `http.credentials of ${url.origin}`);
      return [url.origin, Object.freeze({ headers: Object.freeze({ ...credentials.headers }) })];
    }),
  );
}
