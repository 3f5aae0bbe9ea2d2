import { isIP, type LookupFunction, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import { BindingError } from '../../bindings.ts';
import { isLocalName, isMetadataName, isPrivateAddress, isPublicAddress } from './addresses.ts';
import type { Destination } from './host-rules.ts';
import { httpError } from './http-error.ts';
import type { HostAddress } from './lookup.ts';
import type { HttpPolicy } from './options.ts';

type ConnectionPolicy = Pick<HttpPolicy, 'allowPrivate' | 'lookup' | 'limits'>;

/**
 * Dials for undici. A name is looked up once; the addresses that were found are checked, and it is
 * these that are dialled. This is the only way to a socket that the binding has.
 */
export function checkedConnector(policy: ConnectionPolicy): buildConnector.connector {
  return (options, callback) => {
    dial(policy, options).then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(error as Error, null),
    );
  };
}

async function dial(policy: ConnectionPolicy, options: buildConnector.Options): Promise<Socket> {
  const deadline = Date.now() + policy.limits.connectTimeoutMs;
  const scheme = options.protocol === 'https:' ? 'https' : 'http';
  const port = Number(options.port) || (scheme === 'https' ? 443 : 80);
  const addresses = await checkedAddresses(policy, { scheme, host: options.hostname, port });
  const lookup: LookupFunction = (_hostname, { all }, done) => {
    const [first] = addresses;
    if (all === true) done(null, [...addresses]);
    else done(null, first!.address, first!.family);
  };
  const connect = buildConnector({
    allowH2: false,
    autoSelectFamily: true,
    lookup,
    maxCachedSessions: 0,
    // Whatever the environment says.
    rejectUnauthorized: true,
    timeout: Math.max(1, deadline - Date.now()),
  });
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  connect(options, (error, socket) => {
    if (error === null) resolve(socket);
    else reject(error);
  });
  return promise;
}

/**
 * The addresses of a host, all of which scripts may reach.
 * @param to - its host is a name or an address, without brackets.
 * @throws {BindingError} `blocked_address` when there is a single one that they may not reach;
 *   `dns_failed`; `http_timeout`.
 */
export async function checkedAddresses(
  policy: ConnectionPolicy,
  to: Destination,
): Promise<readonly HostAddress[]> {
  const mayBePrivate = policy.allowPrivate.some((matches) => matches(to, ''));
  if (isMetadataName(to.host) || (isLocalName(to.host) && !mayBePrivate)) {
    throw httpError('blocked_address');
  }
  const family = isIP(to.host);
  const addresses = family === 0 ? await find(policy, to.host) : [{ address: to.host, family }];
  const mayReach = ({ address }: HostAddress): boolean =>
    isPublicAddress(address) || (mayBePrivate && isPrivateAddress(address));
  if (!addresses.every(mayReach)) throw httpError('blocked_address');
  return addresses;
}

/** Looks a name up, in the time that connecting may take. */
async function find(policy: ConnectionPolicy, host: string): Promise<readonly HostAddress[]> {
  const timedOut = Promise.withResolvers<never>();
  const { connectTimeoutMs } = policy.limits;
  const timer = setTimeout(() => timedOut.reject(httpError('http_timeout')), connectTimeoutMs);
  try {
    const found = await Promise.race([policy.lookup(host), timedOut.promise]);
    const addresses = found.map(({ address }) => ({ address, family: isIP(address) }));
    if (addresses.length > 0 && addresses.every(({ family }) => family !== 0)) return addresses;
  } catch (error) {
    if (error instanceof BindingError) throw error;
  } finally {
    clearTimeout(timer);
  }
  throw httpError('dns_failed');
}
