import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * IPv4 blocks that the IANA special-purpose registry does not call globally reachable, multicast, and
 * addresses that clouds keep for their own. The anycast addresses of 192.0.0.0/24 are reachable by the
 * registry, but answered by the network that one is in; they are refused with the rest of the block.
 */
const refusedIpv4 = subnets('ipv4', [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]);

/**
 * All that is global unicast. What is outside of it is refused: loopback, unique and link local,
 * multicast, mapped, compatible, translated (SIIT, NAT64), discard-only and segment routing.
 */
const globalIpv6 = subnets('ipv6', ['2000::/3']);

/** Inside of 2000::/3: protocol assignments with Teredo, 6to4, documentation. */
const refusedIpv6 = subnets('ipv6', ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']);

/** Inside of 2001::/23, and globally reachable: AMT, AS112, ORCHIDv2, drone identifiers. */
const exceptedIpv6 = subnets('ipv6', [
  '2001:3::/32',
  '2001:4:112::/48',
  '2001:20::/28',
  '2001:30::/28',
]);

/** What `allowPrivate` may open: loopback, private and shared networks. Never metadata services. */
const privateIpv4 = subnets('ipv4', [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
]);
const privateIpv6 = subnets('ipv6', ['::1/128', 'fc00::/7']);
const metadataIpv4 = subnets('ipv4', ['100.100.100.200/32']);
const metadataIpv6 = subnets('ipv6', ['fd00:ec2::/32', 'fd20:ce::/32']);

/** Names that mean the machine itself, or the metadata service of its cloud, wherever they are asked for. */
const localNames =
  /^((.*\.)?localhost|localhost\.localdomain|ip6-(localhost|loopback)|metadata|metadata\.goog|metadata\.google\.internal|instance-data(\..*)?)$/;
const metadataNames = /^(metadata|instance-data)/;

function subnets(family: 'ipv4' | 'ipv6', blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [net = '', prefix] = block.split('/');
    list.addSubnet(net, Number(prefix), family);
  }
  return list;
}

/** Whether an address is one that everybody can reach, so that reaching it gives nothing away. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !refusedIpv4.check(address, 'ipv4');
  // With a zone it is of one link, whatever it looks like.
  if (!isIPv6(address) || address.includes('%')) return false;
  if (!globalIpv6.check(address, 'ipv6') || isIsatap(address)) return false;
  return !refusedIpv6.check(address, 'ipv6') || exceptedIpv6.check(address, 'ipv6');
}

/** Whether an address is of a kind that an embedder may open to scripts by name. */
export function isPrivateAddress(address: string): boolean {
  if (isIPv4(address)) {
    return privateIpv4.check(address, 'ipv4') && !metadataIpv4.check(address, 'ipv4');
  }
  if (!isIPv6(address) || address.includes('%') || address.includes('.')) return false;
  return privateIpv6.check(address, 'ipv6') && !metadataIpv6.check(address, 'ipv6');
}

/** Whether a name stands for an address that is refused, so that no look-up is needed to know it. */
export function isLocalName(host: string): boolean {
  return localNames.test(host);
}

/** Whether a name is one of a metadata service, which nothing opens. */
export function isMetadataName(host: string): boolean {
  return localNames.test(host) && metadataNames.test(host);
}

/** ISATAP has an IPv4 address in its last 32 bits, and 0:5efe or 200:5efe before it (RFC 5214). */
function isIsatap(address: string): boolean {
  const [, , , , high, low] = groupsOf(address);
  return low === 0x5efe && (high === 0 || high === 0x200);
}

/** The eight 16-bit groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  // The URL parser writes every notation in one way, without dots.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const numbers = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const first = numbers(head);
  if (tail === undefined) return first;
  const last = numbers(tail);
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}
