import { isIPv6 } from 'node:net';
import { invalidOptions } from '../../errors.ts';
import { checkWholeNumber } from '../../limits.ts';
import { requireKnown } from '../../require-known.ts';

/** Where a request goes. */
export interface Destination {
  readonly scheme: 'http' | 'https';
  /** As the URL parser writes it, without brackets and without a dot at its end. */
  readonly host: string;
  readonly port: number;
}

/** Hosts that a rule of `allow` or `deny` is about. */
export interface HostRule {
  /** A name, an address, `*.example.com` for all names below it, or `*` for all. */
  readonly host: string;
  /** Default: every port. */
  readonly port?: number;
  /** In capitals. Default: every method. */
  readonly methods?: readonly string[];
  /** Default: both. */
  readonly scheme?: 'http' | 'https';
}

/** Whether a rule is about a request; made once from what the embedder wrote. */
export type HostMatcher = (to: Destination, method: string) => boolean;

const pattern = /^(\[[\da-f:.]+\]|[^\s/?#@:[\]\\]+)(?::(\d{1,5}))?$/i;

/**
 * Reads a rule: `example.com`, `example.com:8443`, `*.example.com`, `[2600::1]:8080`, or an object.
 * @param where - the option it stands in, for messages.
 * @throws {CloisterError} `invalid_options`.
 */
export function hostMatcher(given: string | HostRule, where: string): HostMatcher {
  const rule = typeof given === 'string' ? readRule(given, where) : checkRule(given, where);
  const hostMatches = nameMatcher(rule.host, where);
  const { port, scheme } = rule;
  const methods = rule.methods === undefined ? undefined : new Set(rule.methods);
  return (to, method) =>
    hostMatches(to.host) &&
    (port === undefined || port === to.port) &&
    (scheme === undefined || scheme === to.scheme) &&
    (methods === undefined || methods.has(method));
}

/**
 * Reads the name of one host, with or without a port, for `allowPrivate`.
 * @throws {CloisterError} `invalid_options`, for a pattern as well.
 */
export function exactHostMatcher(given: unknown, where: string): HostMatcher {
  if (typeof given !== 'string' || given.includes('*')) {
    throw invalidOptions(`${where} must be the exact name of a host, such as 'localhost:8080'`);
  }
  return hostMatcher(given, where);
}

function readRule(text: string, where: string): HostRule {
  const bare = isIPv6(text) && !text.includes('%') ? `[${text}]` : text;
  const [, host, port] = pattern.exec(bare) ?? [];
  if (host === undefined) {
    throw invalidOptions(
      `${where} must be a host such as 'example.com', '*.example.com' or 'example.com:8443', not ${JSON.stringify(text.slice(0, 80))}; scheme and methods go into { host, scheme, methods }`,
    );
  }
  return { host, ...(port === undefined ? {} : { port: checkPort(Number(port), where) }) };
}

function checkRule(given: HostRule, where: string): HostRule {
  if (typeof given !== 'object' || given === null || typeof given.host !== 'string') {
    throw invalidOptions(`${where} must be a string or { host, port, methods, scheme }`);
  }
  requireKnown(given, ['host', 'port', 'methods', 'scheme'], where, 'a host rule');
  const { port, methods, scheme } = given;
  if (port !== undefined) checkPort(port, where);
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    throw invalidOptions(`${where}.scheme must be 'http' or 'https'`);
  }
  const isList = methods === undefined || (Array.isArray(methods) && methods.every(isMethod));
  if (!isList) throw invalidOptions(`${where}.methods must be a list such as ['GET', 'POST']`);
  const read = readRule(given.host, `${where}.host`);
  return {
    ...read,
    ...(port === undefined ? {} : { port }),
    ...(methods === undefined ? {} : { methods }),
    ...(scheme === undefined ? {} : { scheme }),
  };
}

function nameMatcher(host: string, where: string): (host: string) => boolean {
  if (host === '*') return () => true;
  if (!host.startsWith('*.')) {
    const exact = normalName(host, where);
    return (given) => given === exact;
  }
  const suffix = `.${normalName(host.slice(2), where)}`;
  return (given) => given.endsWith(suffix);
}

/** A name as the URL parser would write it. */
function normalName(name: string, where: string): string {
  const url = name.includes('*') ? null : URL.parse(`http://${name}/`);
  const host = url === null ? '' : hostOf(url);
  if (host === '')
    throw invalidOptions(`${where}: ${JSON.stringify(name.slice(0, 80))} is no host`);
  return host;
}

/** The host of a URL without brackets, and without the dot that an absolute name may end in. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

function isMethod(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Z]{1,20}$/.test(value);
}

function checkPort(port: number, where: string): number {
  return checkWholeNumber(port, `${where}: the port`, 1, 65_535);
}
